# Two groups: an image with its mask, an image alone.
key kinds IMAGE TABLE
key unit adu
key full_scale 65535
key %row_order bottom-up
key %fits.card CRPIX1  =                  1.5
key ~fits.card DATAMAX =                  255
key object M 31
HEAD
IMAGE u16 0 1x4x6
key role mask
IMAGE u8 0 1x4x6 last
IMAGE f32 1 3x2x2 last
END
