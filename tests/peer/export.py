#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""PNG, TIFF and JPEG files as Pillow and tifffile read them, and the profile as LittleCMS does."""
import io
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get('LEAT_BUILD', 'build'))
count = failed = 0


def check(right, what):
    global count, failed
    count += 1
    failed += not right
    print('%sok %d - %s' % ('' if right else 'not ', count, what), flush=True)


def skip(what, why):
    global count
    count += 1
    print('ok %d - %s # SKIP %s' % (count, what, why))


def stream(lines):
    """What tests/tools/mkstream makes of the lines."""
    return subprocess.run([os.path.join(BUILD, 'tests/tools/mkstream')],
                          input='\n'.join(lines).encode() + b'\n', stdout=subprocess.PIPE,
                          check=True).stdout


def image(dtype, planes, height, width, **keys):
    return stream(['key kinds IMAGE', 'HEAD'] + ['key %s %s' % k for k in keys.items()] +
                  ['IMAGE %s 0 %dx%dx%d last' % (dtype, planes, height, width), 'END'])


def export(name, data, *args):
    """The file that a command makes, in memory."""
    return subprocess.run([os.path.join(BUILD, 'libexec/leat', 'export-' + name), *args],
                          input=data, stdout=subprocess.PIPE, check=True).stdout


def main():
    try:
        import numpy as np
        from PIL import Image, ImageCms
    except ImportError as e:
        skip('pictures as Pillow reads them', str(e))
        return
    try:
        import tifffile
    except ImportError:
        tifffile = None

    def opened(data):
        return np.asarray(Image.open(io.BytesIO(data)))

    for planes in 1, 3:
        n = planes * 70 * 90
        wanted = (np.arange(n) * 7 % 256).astype(np.uint8).reshape(planes, 70, 90)
        wanted = np.moveaxis(wanted, 0, -1).squeeze()
        data = image('u8', planes, 70, 90, unit='display')
        check((opened(export('png', data)) == wanted).all(), 'PNG, %d planes' % planes)
        for compress in 'none', 'lzw', 'deflate':
            check((opened(export('tiff', data, '--bits', '8', '--compress', compress))
                   == wanted).all(), 'TIFF %s, %d planes' % (compress, planes))
        got = opened(export('jpeg', data, '--quality', '100')).astype(int)
        check(got.shape == wanted.shape and abs(got - wanted).mean() < 1.5,
              'JPEG, %d planes' % planes)

        floats = (np.arange(n) * 7 % 100 + 1).astype(np.float32).reshape(planes, 70, 90)
        floats = np.moveaxis(floats, 0, -1).squeeze()
        data = image('f32', planes, 70, 90, full_scale=80)
        for compress in 'none', 'lzw', 'deflate':
            what = 'TIFF %s of %%s, %d planes' % (compress, planes)
            if not tifffile:
                skip(what % 'all types', 'no tifffile')
                continue
            for bits, right in (('16', np.floor(np.minimum(floats.astype(float) / 80, 1) * 65535
                                               + 0.5)), ('32f', floats)):
                file = export('tiff', data, '--bits', bits, '--compress', compress)
                try:
                    got = tifffile.imread(io.BytesIO(file))
                except ValueError as e:
                    skip(what % bits, str(e).splitlines()[0])
                    continue
                check((got == right).all(), what % bits)

    srgb = ImageCms.createProfile('sRGB')
    data = image('u8', 3, 8, 8, unit='display')
    for name in 'jpeg', 'tiff':
        picture = Image.open(io.BytesIO(export(name, data, *(['--bits', '8'] if name == 'tiff'
                                                            else []))))
        profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info['icc_profile']))
        colours = Image.fromarray(np.random.default_rng(1).integers(0, 256, (256, 256, 3),
                                                                    dtype=np.uint8))
        there = np.asarray(ImageCms.profileToProfile(colours, profile, srgb)).astype(int)
        check(abs(there - np.asarray(colours)).max() <= 1,
              'LittleCMS: the profile of a %s is its own sRGB' % name)
    picture = Image.open(io.BytesIO(export('jpeg', image('u8', 1, 8, 8, unit='display'))))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info['icc_profile']))
    check(profile.profile.xcolor_space.strip() == 'GRAY', 'LittleCMS: gray gets a gray profile')


main()
print('1..%d' % count)
sys.exit(failed > 0)
