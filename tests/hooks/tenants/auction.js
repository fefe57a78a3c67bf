// An auction: of two bids at the same moment one wins. Its author ends the post hook twice.
function onPreSave(request, response, modules) {
    var bid = request.body;
    var items = modules.collectionAccess.collection('items')
    var objectID = modules.collectionAccess.objectID;
    logger = modules.logger;

    if (!bid.itemId || bid.itemId.length != 24) {
        response.body = { error: 'There is no such item' };
        response.complete(400, { description: 'never looked at' });
        return;
    }

    items.findAndModify(
        { _id: objectID(bid.itemId), price: { $lt: bid.amount }, closed: { $ne: true } },
        [['_id', 'asc']],
        {
            $set: { price: bid.amount, bidder: request.username },
            $inc: { bids: 1 },
            $push: { history: { by: request.username, amount: bid.amount } }
        },
        { 'new': true },
        function(err, item) {
            if (err) {
                logger.error(err);
                return response.error(err);
            }
            if (!item._id) {
                response.body.debug = 'outbid';
                return response.complete(409);
            }
            bid.accepted = true;
            modules.utils.tempObjectStore.set('item', item);
            response .continue();
        });
}

function onPostSave(request, response, modules) {
    var item = modules.utils.tempObjectStore.get('item'), others = [];
    for (var i = 0; i < item.history.length; i++) {
        if (item.history[i].by !== request.username && others.indexOf(item.history[i].by) < 0) {
            others.push(item.history[i].by);
        }
    }
    response.body.title = item.title;
    response.body.outbid = others;
    if (others.length > 0) {
        modules.collectionAccess.collection('user').find({ username: { $in: others } }, [], function(err, users) {
            if (err) logger.error('no users: ' + err);
            else modules.push.sendMessage(users, 'You were outbid on ' + item.title);
            response.complete(201);
            response.continue();
        });
    }
    else {
        response.continue();
    }
}
