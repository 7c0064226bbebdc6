"""Records of real meters with the keys they were published with.

Not a test: the files beside it and those of the unit tests import it.

OCA: the example of the Open Charge Alliance's application note on signed meter values (section 5.2; CC BY-ND 4.0), a DZG
GSH01.1K2L. DZG: a DVH4013 behind a Nano gateway, begin of a transaction, its s in the upper half (S.A.F.E. e.V., reference data
of the transparency software, Apache-2.0). KEBA: a KCP30 on another curve (the same source).
"""

OCA_RECORD = (
    'OCMF|{"FV" : "1.0","GI" : "DZG-GSH01.1K2L","GS" : "1DZG0028225179","GV" : "230","PG" : "T96","MV" : '
    '"DZG","MM" : "GSH01.1K2L","MS" : "1DZG0028225179","MF" : "230","IS" : true,"IT" : "CENTRAL_1","ID" :'
    ' "HRWWBX8","CT" : "EVSEID","CI" : "22BZ3178A0","RD" : [{"TM" : "2023-05-19T15:52:39,000+0200 I","TX"'
    ' : "B","RV" : "0.000","RI" : "01-00:98.08.00.FF","RU" : "kWh","RT" : "DC","EF" : "","ST" : "G"},{"TM'
    '" : "2023-05-19T15:53:58,000+0200 I","TX" : "E","RV" : "0.636","RI" : "01-00:98.08.00.FF","RU" : "kW'
    'h","RT" : "DC","EF" : "","ST" : "G"}],"U" : [{"TM" : "2023-05-19T15:52:39,000+0200 I","TX" : "B","RV'
    '" : "108.178","RI" : "01-00:9C.08.00.FF","RU" : "kWh","RT" : "DC","EF" : "","ST" : "G"},{"TM" : "202'
    '3-05-19T15:53:58,000+0200 I","TX" : "E","RV" : "108.814","RI" : "01-00:9C.08.00.FF","RU" : "kWh","RT'
    '" : "DC","EF" : "","ST" : "G"},{"TM" : "2023-05-19T15:52:39,000+0200 I","TX" : "B","RV" : "0.0022","'
    'RI" : "01-00:8C.07.00.FF","RU" : "Ohm","RT" : "DC","EF" : "","ST" : "G"},{"TM" : "2023-05-19T15:53:5'
    '8,000+0200 I","TX" : "E","RV" : "79","RI" : "01-00:00.08.06.FF","RU" : "s","RT" : "DC","EF" : "","ST'
    '" : "G"}]}|{"SA" : "ECDSA-secp256k1-SHA256","SD" : "3045022100D03F319C7AD08AD4F507CAFEF166FFE5FE5577'
    '8B8686762641FF6DDC084E32A70220635A8936FE6C61AACECBFADE966362BD15B08AEF1093989640FABADC34142E52"}'
)
OCA_KEY = (
    "3056301006072A8648CE3D020106052B8104000A034200040A88527E23ED871117491BD435DA048041AAF9B371F6A5C4"
    "C048DCD599D969C3A0ECBF77370F23208E7CA03BD35307CB42F5904A9C75BB7D81B41C053467F558"
)
DZG_RECORD = (
    'OCMF|{"FV" : "1.0","GI" : "Nano CH-10311C","GS" : "060643","GV" : "v017","PG" : "T198","MV" : "DZG",'
    '"MM" : "DVH4013","MS" : "1DZG0033016824","IS" : true,"IL" : "VERIFIED","IF" : ["RFID_NONE","OCPP_NON'
    'E","ISO15118_NONE","PLMN_NONE"],"IT" : "EMAID","ID" : "04ab076a345b85","CT" : "CBIDC","CI" : "CI","R'
    'D" : [{"TM" : "2021-10-26T10:20:52,000+0200 I","TX" : "B","RV" : "       9.038","RI" : "01-00:01.08.'
    '00.FF","RU" : "kWh","RT" : "AC","EF" : "","ST" : "G"}]}|{"SA" : "ECDSA-secp256k1-SHA256","SD" : "304'
    "6022100A4C188533ECA1793336520F7F99E010E62DEC32ABD344A562B00D396F65DFFE9022100CB0FB3782E406525641D689"
    'F4326D2118365A722EE75AAAB976C14B090BE49DA"}'
)
DZG_KEY = (
    "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEqHEykfqZhspgok6zCQh/329B38xine8ujzT8"
    "p5Nh7lek47cYeZj507aN6E4/QirF1b7Q57ln4VGfK6h0d0GOQA=="
)
KEBA_RECORD = (
    'OCMF|{"FV":"1.0","GI":"KEBA_KCP30","GS":"17619300","GV":"2.8.5","PG":"T32","IS":false,"IL":"NONE",'
    '"IF":["RFID_NONE","OCPP_NONE","ISO15118_NONE","PLMN_NONE"],"IT":"NONE","ID":"","RD":['
    '{"TM":"2019-08-13T10:03:15,000+0000 I","TX":"B","EF":"","ST":"G","RV":0.2596,"RI":"1-b:1.8.0","RU":"kWh"},'
    '{"TM":"2019-08-13T10:03:36,000+0000 R","TX":"E","EF":"","ST":"G","RV":0.2597,"RI":"1-b:1.8.0","RU":"kWh"}]}|'
    '{"SD":"304502200E2F107C987A300AC1695CA89EA149A8CDFA16188AF0A33EE64B67964AA943F9'
    '022100889A72B6D65364BEA8562E7F6A0253157ACFF84FE4929A93B5964D23C4265699"}'
)
