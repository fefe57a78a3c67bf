var fine = 1;
var broken = = 2;
