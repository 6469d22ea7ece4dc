key kinds SPECTRA
key rate_num 1000000
key rate_den 1
key freq_hz 0
key unit FS^2
key row_step 8
key row_span 8
key %axis frequency
key ~noise 0.001
HEAD
SPECTRA f32 0 3x1x8
SPECTRA f32 24 1x1x8
key partial 1
SPECTRA f32 80 2x1x8 gap
END
