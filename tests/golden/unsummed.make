# What LEAT_CRC=0 makes among frames that have their sum.
key kinds IQ
key rate_num 1
key rate_den 1
HEAD
IQ cu8 0 33x1 unsummed
IQ cu8 33 33x1
END
