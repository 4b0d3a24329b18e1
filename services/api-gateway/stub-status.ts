/** What NGINX counts. */
export type Counts = { readonly connections: number; readonly accepted: number; readonly requests: number }

/** Reads the text of ngx_http_stub_status_module. Throws when it is none. */
export const readStubStatus = (text: string): Counts => {
  const found = /^Active connections: (\d+) \nserver accepts handled requests\n (\d+) \d+ (\d+) \n/.exec(text)
  if (found === null) throw new Error('NGINX tells its state in another form than expected')
  const [, connections, accepted, requests] = found.map(Number)
  return { connections: connections ?? 0, accepted: accepted ?? 0, requests: requests ?? 0 }
}
