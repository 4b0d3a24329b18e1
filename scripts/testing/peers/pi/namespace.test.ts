import { expect, test } from 'bun:test'
import { accountFiles, piFolders, setupScript } from './namespace.ts'

const programs = { user: 'pi', compose: '/c', docker: '/usr/bin/docker' }
const lines = (use: 'none' | 'own' | 'shared', docker = programs.docker) =>
  setupScript(piFolders('/t'), { ...programs, use, docker }).split('\n')

test('every mount of the inside is made from the emulated Pi’s own folder', () => {
  expect(lines('none').slice(0, 14)).toEqual([
    'set -e',
    'mount -t tmpfs -o mode=755 tmpfs /run',
    'mkdir -m 755 /run/sshd /run/lock',
    "mount --bind '/t/home' /home",
    "mount --bind '/t/etc/passwd' /etc/passwd",
    "mount --bind '/t/etc/group' /etc/group",
    "mount --bind '/t/etc/shadow' /etc/shadow",
    "mount --bind '/t/ssh' /etc/ssh",
    "mount --bind '/c' '/t/local/lib/docker/cli-plugins/docker-compose'",
    "mount --rbind '/t/local' /usr/local",
    'mount -t tmpfs -o mode=755 tmpfs /mnt',
    'mkdir -m 755 /mnt/myssd',
    "mount --bind '/t/disk' /mnt/myssd",
    'mkdir -p /mnt/myssd/Lucid /home/pi',
  ])
})

test('a limited disk is a file system of its own, which the engine’s data shares when asked', () => {
  const loop = "mount -o loop '/t/disk.img' /mnt/myssd"
  const data = "mount --bind '/mnt/myssd/docker' '/t/engine/data'"
  const has = (use: 'none' | 'own' | 'shared') => [loop, data].map((line) => lines(use).includes(line))
  expect([has('none'), has('own'), has('shared')]).toEqual([
    [false, false],
    [true, false],
    [true, true],
  ])
})

test('the client of a newer engine stands where the machine’s does', () => {
  const over = (docker: string) => lines('none', docker).filter((line) => line.endsWith(' /usr/bin/docker'))
  expect([over('/usr/bin/docker'), over('/p/docker')]).toEqual([[], ["mount --bind '/p/docker' /usr/bin/docker"]])
})

test('the ssh user is an ordinary one whose only group besides its own is docker', () => {
  const { passwd, group } = accountFiles('ann')
  expect(passwd).toContain('ann:x:1000:1000:ann:/home/ann:/bin/sh')
  expect(group.split('\n').filter((line) => line.includes('ann'))).toEqual(['docker:x:990:ann', 'ann:x:1000:'])
})
