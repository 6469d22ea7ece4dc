key kinds TABLE REPORT
HEAD
key col t f64 s
key col name s8 -
key col uvw f32 m 3
payload 188
TABLE columns 0 5
key verdict fine
REPORT columns 1 -
0x8001 u8 2 10
END
