/** Runs a program to its end: what it printed, and its exit code. */
export const runProgram = async (
  argv: readonly string[],
  { env, stdin = '' }: { readonly env: Readonly<Record<string, string | undefined>>; readonly stdin?: string },
) => {
  const child = Bun.spawn([...argv], { env, stdin: Buffer.from(stdin), stdout: 'pipe', stderr: 'pipe' })
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { out, err, code }
}
