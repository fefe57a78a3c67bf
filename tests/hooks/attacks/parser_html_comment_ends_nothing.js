// attack: parser: hides code behind HTML comments, which scripts still know
// expect: completed
// body: {"hidden":false}
var hidden = false;
<!-- hidden = true;
--> hidden = true;
complete(null, { hidden });
