/** Where a system has its programs; daemons are in folders that are not on everybody's PATH. */
const SYSTEM = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/bin']

/** The absolute path of a program on `path` (PATH) or among the system's own; undefined when it is not there. */
export const findProgram = (name: string, path: string | undefined): string | undefined =>
  Bun.which(name, { PATH: [...(path ? [path] : []), ...SYSTEM].join(process.platform === 'win32' ? ';' : ':') }) ??
  undefined
