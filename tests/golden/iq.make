# Two segments of IQ: a gap in the first and another frequency in the second.
key kinds IQ
key rate_num 100000
key rate_den 3
key time0 2024-06-27T14:49:00.25Z
key freq_hz 1024000000
key full_scale 32768
key history iq-gen 0.1.0 --rate=100000/3
key x.note \xFF\\ two\nlines é
key x.empty 
HEAD
IQ ci16 -40 20x2
key x.own 1
IQ ci16 -20 5x2
IQ ci16 1000 7x2 gap
END more
key kinds IQ
key rate_num 100000
key rate_den 3
key freq_hz 1030000000
HEAD
IQ cu8 1007 33x1
key frames 1
key note drf-read masked=16
END
