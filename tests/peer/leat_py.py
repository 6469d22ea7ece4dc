# SPDX-License-Identifier: ISC
# scripts/leat.py against the commands in C, both ways: streams of every kind are read, and come back
# byte for byte; streams that Python writes are taken; what is damaged, cut or against the rules both
# judge alike. leat_py.py [SEED [FLIPS]]. Prints TAP.
import glob
import io
import os
import random
import subprocess
import sys
import tempfile
import time

root = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
build = os.path.join(root, os.environ.get('LEAT_BUILD', 'build'))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(root, 'scripts'))
try:
    import numpy as np
except ImportError as error:
    print(f'1..0 # SKIP {error}')
    sys.exit(0)
import leat  # noqa: E402

os.environ['PATH'] = f'{build}/libexec/leat:{build}/tests/tools:{os.environ["PATH"]}'
os.environ.pop('LEAT_CRC', None)
TYPES = 'cu8 ci8 cu16 ci16 cu32 ci32 cu64 ci64 cf32 cf64 u8 i8 u16 i16 u32 i32 u64 i64 f32 f64'.split()
passed = []


def check(condition, what):
    passed.append(bool(condition))
    print(f'{"" if condition else "not "}ok {len(passed)} - {what}', flush=True)


def sh(line, data=None):
    return subprocess.run(['bash', '-o', 'pipefail', '-c', line], input=data, stdout=subprocess.PIPE,
                          check=True).stdout


def again(data, **options):
    """A stream read and forwarded."""
    out = io.BytesIO()
    writer = leat.Writer(out, **options)
    try:
        for frame in leat.Reader(io.BytesIO(data)):
            writer.forward(frame)
    except leat.StreamError as error:
        if error.code != 76:
            raise
    return out.getvalue()


def put_again(data):
    """The same by way of arrays: all but HEAD and END is made anew."""
    out = io.BytesIO()
    writer = leat.Writer(out)
    for frame in leat.Reader(io.BytesIO(data)):
        if frame.kind in (leat.HEAD, leat.END) or frame.kind >= 0x8000:
            writer.forward(frame)
        else:
            writer.put(frame.data, like=frame, meta=frame.own)
    return out.getvalue()


def parts(data):
    """All that a stream says, less its history and what stands between columns."""
    for f in leat.Reader(io.BytesIO(data)):
        values = f.payload.tobytes()
        if isinstance(f.data, dict):
            values = [(name, column.tobytes()) for name, column in f.data.items()]
        yield f.kind, f.dtype, f.flags, f.index, f.shape, [i for i in f.own if i[0] != 'history'], values


def same(one, two):
    return list(parts(one)) == list(parts(two))


def cat(data):
    return sh('stream-cat', data)


def made(kind):
    lines = ['key kinds ' + kind, 'HEAD', 'key col t f64 s', 'key col n u8 - 4', 'key col name s7 -',
             'payload 559', f'{kind} columns 3 25', 'END']
    return '\n'.join(lines).encode() + b'\n'


def streams():
    iq = 'iq-gen --rate 20k --seconds 200ms --freq 1M --noise 0.1 --tone 3k:0.5 --gap 50ms:10ms'
    for name in TYPES:
        yield name, sh(f'{iq} --type {name} -c 2 --retune 100ms:2M --time0 2024-06-27T14:49:00Z')
    sky = 'sky-gen --width 96 --height 80 --count 3 --stars 60 --flux 1000 --fwhm 2 --sky 50'
    yield 'fft-slice', sh(f'{iq} | fft-slice -n 64 --average 3 --tail pad')
    yield 'waterfall', sh(f'{iq} | fft-slice -n 64 | waterfall --height 16 --width 24')
    yield 'spec-detect', sh(f'{iq} | fft-slice -n 64 | spec-detect')
    yield 'spec-occupancy', sh(f'{iq} | fft-slice -n 64 | spec-occupancy')
    yield 'sky-gen', sh(f'{sky} --type u16')
    yield 'star-find', sh(f'{sky} --type f32 | star-find')
    yield 'groups', sh(f'{sky} --type f32 | star-find --pass')
    for kind in ('TABLE', 'VIS', 'GAIN'):
        yield kind, sh('mkstream', made(kind))
    yield 'long', sh('iq-gen --seconds 3s --type cf32 --noise 0.5 --rate 100k')


def test_both_ways():
    for name, data in streams():
        once, twice = again(data), put_again(data)
        byte_for_byte = twice == data or name in leat.Kind.__members__ and same(twice, data)
        check(once == data and byte_for_byte, f'{name}: comes back byte for byte, forwarded and put anew')
    for path in sorted(glob.glob(f'{root}/tests/golden/*.leat')):
        with open(path, 'rb') as file:
            data = file.read()
        if 'unsummed' not in path:
            check(again(data) == data, f'golden {os.path.basename(path)}: comes back byte for byte')
            continue
        check(same(again(data), cat(data)), 'a frame without a sum gets one')
        os.environ['LEAT_CRC'] = '0'
        check(same(again(data), cat(data)), 'but not under LEAT_CRC=0')
        os.environ.pop('LEAT_CRC')
    with_history = again(data := sh('iq-gen --seconds 1ms | fft-slice -n 64'), history='mine 1.0 --of=2')
    info = sh('stream-head -n 1', with_history).decode()
    check('history mine 1.0 --of=2\n' in info and sh('stream-payload', with_history) == sh('stream-payload', data),
          'a history line goes behind those there are')


def test_values():
    for name in TYPES:
        data = sh(f'iq-gen --rate 20k --seconds 20ms --noise 0.1 --type {name} -c 3')
        payload = np.frombuffer(sh('stream-payload', data), leat.dtype(name)).reshape(-1, 3)
        got = np.concatenate([frame.data for frame in leat.read(io.BytesIO(data))])
        frame = next(leat.read(io.BytesIO(data)))
        level = np.sqrt(np.mean(np.abs(frame.amplitude()) ** 2))
        check((got == payload).all() and abs(level - 0.1) < 0.01 and frame.complex().dtype.kind == 'c' and
              frame.meta.rate() == 20000, f'{name}: the values of stream-payload, of amplitude {level:.4f}')
    table = next(leat.read(io.BytesIO(sh('iq-gen --tone 125k:0.5 --noise 0.1 | fft-slice -a 8 | spec-detect'))))
    check(abs(table.data['freq_hz'][0] - 125e3) < 500 and table.data['index'].dtype == np.int64 and
          table.meta.columns()[0][0:3:2] == ('freq_hz', 'Hz'), 'columns of spec-detect')


def written(kinds, *frames, **options):
    out = io.BytesIO()
    with leat.Writer(out, kinds, **options) as writer:
        for arguments in frames:
            writer.put(**arguments)
    return out.getvalue()


def test_python_writes():
    generator = np.random.default_rng(1)
    noise = generator.normal(size=(700000, 2)) @ [1, 1j]
    for name in TYPES:
        real = leat.dtype(name.lstrip('c'))
        samples = (generator.integers(0, 100, (5000, 2, 2)) * 1.0).astype(real)
        samples = np.ascontiguousarray(samples).view(leat.dtype(name))[..., 0] if name[0] == 'c' else samples[..., 0]
        data = written('IQ', dict(data=samples[:3000], index=-7), dict(data=samples[3000:], index=4000),
                       rate='20000/3', freq_hz=[1e6, 2e6], meta={'%axis': 'two\nlines \\ \x85'})
        check(same(cat(data), data) and sh('stream-payload', data) == samples.tobytes() and
              sh('stream-head -a', data).count(b'gap') == 1, f'{name}: stream-payload gets what Python put')
    data = written('IQ', dict(data=noise.astype('c8')), rate=1e6)
    frames = list(leat.read(io.BytesIO(data)))
    check(len(frames) == 6 and max(len(f.payload) for f in frames) == 1 << 20 and
          sh('stream-payload', data) == noise.astype('<c8').tobytes(), 'long frames are cut at 1 MiB')
    rows = np.frombuffer(sh('fft-slice -n 1000 -w rect | stream-payload', data), '<f4').reshape(700, 1000)
    block = np.fft.fftshift(np.fft.fft(noise[:1000].astype('c8'))) / 1000
    check(np.allclose(rows[0], np.abs(block) ** 2, rtol=1e-4, atol=1e-9), 'fft-slice of what Python put')
    spectra = written('SPECTRA', dict(data=rows), rate=1e6, row_step=1000, row_span=1000, unit='FS^2')
    check(sh('fft-slice -n 1000 -w rect | spec-detect | stream-payload', data) ==
          sh('spec-detect | stream-payload', spectra), 'spec-detect takes SPECTRA of Python as those of fft-slice')
    table = {'t': np.arange(90000.0), 'n': np.ones((90000, 2, 3), 'u1'), 'name': np.array(['a', 'bß'] * 45000)}
    data = written('TABLE REPORT', dict(data=table, units={'t': 's'}), dict(kind=leat.REPORT, verdict='fine'))
    back = list(leat.read(io.BytesIO(data), leat.TABLE))
    joined = {key: np.concatenate([frame.data[key] for frame in back]) for key in table}
    check(len(back) == 2 and (joined['t'] == table['t']).all() and (joined['n'] == 1).all() and
          joined['name'][1].decode() == 'bß' and same(cat(data), data), 'a TABLE longer than a frame')
    image, mask = generator.random((32, 40), np.float32), np.zeros((32, 40), 'u1')
    data = written('IMAGE', dict(data=image, last=False), dict(data=mask, last=True, role='mask'), dict(data=image),
                   unit='adu', full_scale=1.0, meta={'%row_order': 'top-down'})
    read = [(f.index, f.last, f.shape) for f in leat.read(io.BytesIO(data))]
    check(read == [(0, False, (1, 32, 40)), (0, True, (1, 32, 40)), (1, True, (1, 32, 40))] and
          same(cat(data), data) and b'32' in sh('image-stats', data), 'groups of images')
    out = io.BytesIO()
    with leat.Writer(out, 'IQ', 8000) as writer:
        writer.put(np.arange(8, dtype='i2'))
        writer.head('IQ', 8000, freq_hz=5)
        writer.put(np.arange(8, dtype='i2'))
    one = written('IQ', dict(data=np.arange(8, dtype='i2')), rate=8000)
    two = written('IQ', dict(data=np.arange(8, dtype='i2')), rate=8000, freq_hz=5)
    with open('one', 'wb') as file:
        file.write(one)
    with open('two', 'wb') as file:
        file.write(two)
    check(same(out.getvalue(), sh('stream-cat one two')) and again(one + two) == one + two, 'segments, announced and not')
    check(judge_c(out.getvalue()[:len(one)]) == judge_python(out.getvalue()[:len(one)]) == 76,
          'a stream cut between announced segments')
    os.environ['LEAT_CRC'] = '0'
    bare = written('IQ', dict(data=np.arange(8, dtype='i2')), rate=8000)
    os.environ.pop('LEAT_CRC')
    check(bare != one and sh('stream-head -a', bare).count(b'crc') == 0 and
          sh('stream-payload', bare) == sh('stream-payload', one), 'LEAT_CRC=0: no sum')


def test_aborts():
    out = io.BytesIO()
    try:
        with leat.Writer(out, 'IQ', 8000, tool='mine') as writer:
            writer.put(np.arange(8, dtype='i2'))
            raise ValueError('no\nluck')
    except ValueError:
        pass
    said = subprocess.run(['stream-head', '-a'], input=out.getvalue(), stdout=subprocess.PIPE, check=False).stdout
    check(judge_c(out.getvalue()) == judge_python(out.getvalue()) == 76 and b'  tool mine\n' in said and
          b'  reason ValueError: no?luck\n  code 70\n' in said, 'an exception becomes ABORT')
    try:
        with leat.Writer('file.leat', 'IQ', 8000) as writer:
            writer.put(np.arange(8, dtype='i2'))
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    check(not glob.glob('*file.leat*') and not glob.glob('.file*'), 'and leaves no file')
    with leat.Writer('file.leat', 'IQ', 8000) as writer:
        writer.put(np.arange(8, dtype='i2'))
        early = glob.glob('file.leat')
    check(not early and sh('stream-payload file.leat') == np.arange(8, dtype='<i2').tobytes() and
          not glob.glob('.file*'), 'a file appears when it is whole')
    program = ('import sys; sys.dont_write_bytecode = True; sys.path.insert(0, sys.argv[1]); import leat\n'
               'def halve():\n'
               '  with leat.Reader() as source, leat.Writer(history="halve 1.0") as sink:\n'
               '    for frame in source:\n'
               '      if frame.kind == leat.SPECTRA: sink.put(frame.data / 2, like=frame)\n'
               '      else: sink.forward(frame)\n'
               'leat.run(halve)\n')
    with open('halve.py', 'w', encoding='utf-8') as file:
        file.write(program)
    halve = f'{sys.executable} halve.py {root}/scripts'
    whole = np.frombuffer(sh('iq-gen --seconds 100ms --noise 1 | fft-slice -n 64 | stream-payload'), '<f4')
    half = np.frombuffer(sh(f'iq-gen --seconds 100ms --noise 1 | fft-slice -n 64 | {halve} | stream-payload'), '<f4')
    check((half * 2 == whole).all(), 'a filter in a pipe')
    data = sh('iq-gen --seconds 100ms --noise 1 | fft-slice -n 64')
    codes = subprocess.run(['bash', '-c', f'head -c {len(data) // 2} | {halve} | stream-cat >/dev/null; '
                            'echo "${PIPESTATUS[*]}"'], input=data, capture_output=True, check=True).stdout
    check(codes.split() == [b'0', b'76', b'76'], 'a filter whose input is cut exits 76, and so does who reads it')


def judge_python(data):
    try:
        for _ in leat.Reader(io.BytesIO(data)):
            pass
    except leat.StreamError as error:
        return error.code
    return 0


def judge_c(data):
    with open('judged', 'wb') as file:
        file.write(data)
    return judge_files('judged')


def judge_files(name):
    pid = os.posix_spawn(f'{build}/libexec/leat/stream-cat', ['stream-cat', name], os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, '/dev/null', os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, '/dev/null', os.O_WRONLY, 0)])
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def alike(what, samples):
    """Both judge each the same."""
    seen, wrong = {}, []
    for name, data in samples:
        ours, theirs = judge_python(data), judge_c(data)
        seen[theirs] = seen.get(theirs, 0) + 1
        if ours != theirs:
            wrong.append(f'{name}: stream-cat {theirs}, leat.py {ours}')
    for line in wrong[:10]:
        print(f'# {line}')
    check(not wrong and seen, f'{what}: judged alike, {seen}')
    return seen


def originals():
    for path in sorted(glob.glob(f'{root}/tests/golden/*.leat')):
        with open(path, 'rb') as file:
            yield os.path.basename(path), file.read()


def flips(count):
    streams_ = list(originals())
    for _ in range(count):
        name, data = random.choice(streams_)
        at, changed = random.randrange(len(data)), bytearray(data)
        changed[at] ^= random.choice([1 << random.randrange(8), random.randrange(1, 256)])
        yield f'{name}, byte {at} {changed[at]:02x}', bytes(changed)


def cuts(count):
    streams_ = list(originals())
    for _ in range(count):
        name, data = random.choice(streams_)
        at = random.choice([random.randrange(len(data)), random.randrange(len(data) // 64) * 64])
        yield f'{name}, cut at {at}', data[:at]


def odd_frames(count):
    """Frames with right sums that say wrong things."""
    fields = 'version kind dtype ndim flags seq index payload_len meta_len reserved0 dim0 dim1 dim2 dim3 dim7 reserved1'
    values = [0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 64, 74, 127, 253, 254, 255, 256, 257, 4096, 2**24, 2**31, 2**62, 2**63,
              2**63 - 1, 2**64 - 1]
    keys = ['rate_num 0', 'rate_num x', 'rate_den 1', 'rate_den -1', 'kinds IQ', 'kinds SPECTRA IQ', 'kinds', 'kinds X',
            'row_step 0', 'row_span 8', 'frames 9', 'x.y \\q', 'x.y \\x00', 'x.y \\xFF', 'x.y \x7f', 'x.y é', 'X y',
            '%k v', '~ v', 'a' * 63 + ' v', 'a' * 64 + ' v']
    for i in range(count):
        _, lines = random.choice(sources)
        lines = list(lines)
        for _ in range(random.choice([1, 1, 2])):
            extra = (f'set {random.choice(fields.split())} {random.choice(values)}' if random.random() < 0.6 else
                     f'key {random.choice(keys)}')
            lines.insert(random.randrange(len(lines) + 1), extra)
        if random.random() < 0.3:
            lines.pop(random.randrange(len(lines)))
        if random.random() < 0.2:
            random.shuffle(lines)
        result = subprocess.run(['mkstream'], input='\n'.join(lines).encode() + b'\n', capture_output=True, check=False)
        if result.returncode == 0:
            yield ' / '.join(lines), result.stdout


def test_judgement(count):
    alike(f'{count} flipped bytes', flips(count))
    alike(f'{count // 4} cuts', cuts(count // 4))
    seen = alike(f'{count // 4} streams that break a rule', odd_frames(count // 4))
    check(0 in seen and 65 in seen, 'of which some are right and some wrong')
    os.environ['LEAT_CRC'] = '0'
    alike(f'LEAT_CRC=0, {count // 4} flipped bytes', flips(count // 4))
    os.environ.pop('LEAT_CRC')


def test_speed():
    sh('iq-gen --rate 8M --seconds 1s --type ci16 --tone 1M > big.leat')
    size, rates = os.path.getsize('big.leat'), {}
    for name in ('leat.py', 'leat.py LEAT_CRC=0', 'stream-payload, fromfile'):
        start = time.perf_counter()
        if name[0] == 'l':
            os.environ['LEAT_CRC'] = str(int('CRC' not in name))
            total = sum(len(frame.payload) for frame in leat.read('big.leat'))
        else:
            with subprocess.Popen(['stream-payload', 'big.leat'], stdout=subprocess.PIPE) as p:
                total = len(np.frombuffer(p.stdout.read(), 'u1'))
        rates[name] = size / (time.perf_counter() - start) / 1e6
        os.environ.pop('LEAT_CRC', None)
        assert total == 32000000
    print('# MB/s: ' + ', '.join(f'{name} {rate:.0f}' for name, rate in rates.items()))
    check(leat.crc32c(b'123456789') == 0xE3069283 and leat.crc32c(b'') == 0, 'CRC32C')


sources = []
for _path in sorted(glob.glob(f'{root}/tests/golden/*.make')):
    with open(_path, encoding='utf-8') as _file:
        sources.append((_path, [line.rstrip('\n') for line in _file if line[0] != '#']))


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1 << 30)
    print(f'# seed {seed}')
    random.seed(seed)
    test_speed()
    test_both_ways()
    test_values()
    test_python_writes()
    test_aborts()
    test_judgement(int(sys.argv[2]) if len(sys.argv) > 2 else 600)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    main()
    os.chdir('/')
print(f'1..{len(passed)}')
sys.exit(not all(passed))
