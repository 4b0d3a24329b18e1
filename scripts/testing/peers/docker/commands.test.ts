import { expect, test } from 'bun:test'
import { librariesOf } from './bun-image.ts'
import { composeArgv, dockerdArgv, enterArgv, foldersOf, insideArgv } from './commands.ts'
import { privateApt } from './debian-packages.ts'

test('the engine gets namespaces of its own, dies with its starter and keeps everything in its folder', () => {
  const programs = { dockerd: '/usr/sbin/dockerd', docker: '/usr/bin/docker', init: '/usr/bin/docker-init' }
  const argv: readonly string[] = dockerdArgv(programs, foldersOf('/t'), 'lucid-docker-1-a')
  expect(argv).toEqual([
    ...['setpriv', '--pdeathsig', 'KILL'],
    ...['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'],
    ...['sh', '-c', 'ip link set lo up && exec "$@"', 'lucid-docker'],
    ...['/usr/bin/docker-init', '--', '/usr/sbin/dockerd'],
    ...['--data-root=/t/data', '--exec-root=/t/exec', '--host=unix:///t/docker.sock'],
    ...['--pidfile=/t/dockerd.pid', '--cgroup-parent=/lucid-docker-1-a'],
    ...['--exec-opt=native.cgroupdriver=cgroupfs', '--shutdown-timeout=10'],
  ])
})

test('a command inside runs in the network of the engine and in no other of its namespaces', () => {
  expect(insideArgv(7, ['bun', 'x.ts'])).toEqual(['nsenter', '--target=7', '--net', '--', 'bun', 'x.ts'])
})

test('a set-up runs in the namespaces before the engine, which may listen on a second socket', () => {
  const programs = { dockerd: '/d', init: '/i' }
  const extras = { setup: '/t/setup.sh', socket: '/run/docker.sock', config: '/t/daemon.json' }
  const argv: readonly string[] = dockerdArgv(programs, foldersOf('/t'), 'g', extras)
  const words = ['lucid-docker', 'sh', '-c', 'sh "$0" && exec "$@"', '/t/setup.sh', '/i', '--', '/d']
  expect(argv.slice(argv.indexOf('lucid-docker'), argv.indexOf('/d') + 1)).toEqual(words)
  expect(argv).toContain('--host=unix:///run/docker.sock')
  expect(argv).toContain('--config-file=/t/daemon.json')
})

test('entering goes into the files, the network and the processes of the engine', () => {
  expect(enterArgv(7, ['id'])).toEqual(['nsenter', '--target=7', '--mount', '--net', '--pid', '--', 'id'])
})

test('Compose gets its files in order, and the env file before them', () => {
  expect(composeArgv(['a.yaml', 'b.yaml'], ['up', '-d'], { envFile: '.env' })).toEqual(
    'compose --env-file .env --file a.yaml --file b.yaml up -d'.split(' '),
  )
})

test('a private apt reads and writes in its own folder only', () => {
  const options = privateApt('/p', ['update']).filter((word) => word.startsWith('Dir::'))
  expect(options).toEqual([
    'Dir::Etc::SourceList=/p/sources.list',
    'Dir::Etc::SourceParts=-',
    'Dir::Etc::Preferences=-',
    'Dir::Etc::PreferencesParts=-',
    'Dir::State::Lists=/p/lists',
    'Dir::State::Status=/dev/null',
    'Dir::Cache=/p/cache',
  ])
})

test('the libraries of a program are read from ldd, without the kernel’s own', () => {
  const ldd = [
    '\tlinux-vdso.so.1 (0x00007ffd)',
    '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)',
    '\t/lib64/ld-linux-x86-64.so.2 (0x00007f)',
  ].join('\n')
  expect(librariesOf(ldd)).toEqual(['/lib/x86_64-linux-gnu/libc.so.6', '/lib64/ld-linux-x86-64.so.2'])
})
