// Habits of 2013, all in one script.
function onPostSave(request, response, modules) {
    resultA = [];
    var c = modules.collectionAccess.collection("things");
    user = undefined
    c.find({ n: { $gt: 0 } }, {'_kmd.ect':1}, function(err, docs) {
        resultA = docs;
        rtn = [];
        for (i in docs) rtn.push(docs[i]._id + "");
        request.body.late = true;
        helper();
        response.continue();
    });
    c.findOne({ _id: "never" }, function(err, doc) {
        if (!doc) response.body.none = true;
    });
    helper = function() {
        response.body.found = resultA.length;
        response.body.hex = rtn[0].length == 24 && modules.collectionAccess.objectID(rtn[0]) == rtn[0];
        response.body.sum = total(resultA);
    };
}

function onPreDelete(request, response, modules) {
    if (request.username == 'ann') return response.complete({description: 500});
    if (request.username == 'bob') return response.error(400);
    if (request.username == 'cy') return response.error(new TypeError('no way'));
    if (request.username == 'dee') throw 'just a text';
    if (request.username == 'eve') return undefinedFunction();
    if (request.username == 'flo') { modules.push.send(null, 'x'); }
    if (request.username == 'gus') { return modules.collectionAccess.collection('things').find({ $where: '1' }, function(err) { response.error(err); }); }
    response.continue(200);
}

var total = function(list) {
    var sum = 0;
    for (var i = 0; i < list.length; i++) { sum += list[i].n; }
    return sum;
};
