// attack: forging: returns numbers that JSON has no word for
// expect: completed
// body: [null,null,0,1.7976931348623157e+308,5e-324,9007199254740992]
complete(null, [NaN, Infinity, -0, 1.7976931348623157e308, 5e-324, 2 ** 53]);
