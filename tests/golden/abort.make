key kinds IQ
key rate_num 1
key rate_den 1
HEAD
IQ cf64 9000000000000000000 2x1
key tool fft-slice
key reason out of luck
key code 70
ABORT
