/** One planted fault of authorisation: in `file`, the one place that says `find` says `put`. One of `tests` must fail of it. */
export type Mutant = {
  readonly what: string
  readonly file: string
  readonly find: string
  readonly put: string
  readonly tests: readonly string[]
}

const matrix = ['services/access-matrix.test.ts']
const table = ['scripts/derive/derive.test.ts']
const signIn = ['services/authentication/routes.test.ts']
const factors = ['services/authentication/factor-routes.test.ts', 'services/authentication/second-factor.test.ts']
const tokens = ['services/common/people/people.test.ts']
const policy = ['services/common/policy/decision.test.ts', 'services/common/policy/request.test.ts']
const sessions = ['services/session-orchestrator/policies.test.ts']

const api = ['services/api-server/access.test.ts', 'services/api-server/strangers.test.ts']

type Row = readonly [what: string, find: string, put: string]
const plant = (file: string, tests: readonly string[], rows: readonly Row[]): readonly Mutant[] =>
  rows.map(([what, find, put]) => ({ what, file, find, put, tests }))

/** Planted faults, each of which somebody could make by mistake. */
export const mutants: readonly Mutant[] = [
  ...plant('services/common/http/callers.ts', matrix, [
    ['every listed service may call every route', '&& callers.includes(caller)', ''],
    ['every person may call a route for people', ': isAllowed(person, people))', ': people !== undefined)'],
    [
      'a person passes for a service',
      ': isAllowed(person, people))',
      ': callers.length > 0 || isAllowed(person, people))',
    ],
    ['whoever is signed in has every permission', "people === 'signed-in' ||", 'people !== undefined ||'],
  ]),
  ...plant('services/common/http/openapi.ts', matrix, [
    ['the guard of routes is not asked where there is no body', 'transform: first', 'transform: []'],
    ['what a route is for is not looked at', 'isOpen ? [] : [requireCaller(callers, people), ...note]', '[]'],
  ]),
  ...plant('services/common/http/admission.ts', matrix, [
    ['no token is asked for', 'matchesRoute(open, request) ? undefined : await guard(request)', 'undefined'],
  ]),
  ...plant('services/common/http/identity.ts', matrix, [
    ['a service token is good at every callee', '          audience: callee,\n', ''],
    ['an access token passes for a service token', "          typ: 'JWT',\n", ''],
    ['a service token lives as long as it says', '          maxTokenAge: LIFETIME,\n', ''],
    ['a service token needs no end', "requiredClaims: ['exp', 'iat']", "requiredClaims: ['iat']"],
    ['a service acts for whom it likes', 'if (!isOwner(actor)) throw', 'if (actor === "") throw'],
    [
      'whoever has an identity is listed',
      "if (!Object.hasOwn(peers, caller)) throw denied('the service token names an unknown identity')",
      'if (Object.hasOwn(peers, caller)) return { caller }',
    ],
  ]),
  ...plant('services/common/people/permissions.ts', matrix, [
    ['a user may export', "const user = ['session_create',", "const user = ['data_export', 'session_create',"],
    [
      'an observer may create sessions',
      "observer: ['session_observe'",
      "observer: ['session_create', 'session_observe'",
    ],
  ]),
  ...plant('services/common/people/access-token.ts', tokens, [
    ['a service token passes for an access token', '    typ: TYPE,\n    issuer', '    issuer'],
    ['anybody issues access tokens', '    issuer: ISSUER,\n', ''],
    ['an access token is good for everything', '    audience: AUDIENCE,\n', ''],
  ]),
  ...plant('services/common/people/access-token.ts', matrix, [
    ['an access token lives as long as it says', '    maxTokenAge: ACCESS_LIFETIME_S,\n', ''],
  ]),
  ...plant('services/common/people/sign-ins.ts', matrix, [
    ['a revocation is not looked at', 'if (person.at <= before)', 'if (person.at < 0 * before)'],
    ['the roles of an address are not revoked', 'known.revoked.get(person.address) ?? 0', '0'],
  ]),
  ...plant('services/common/people/sign-ins.ts', tokens, [
    ['an old state is good for ever', 'steady() - known.at > STALE_AFTER', 'steady() < known.at'],
  ]),
  ...plant('services/authentication/routes.ts', table, [
    ['the state of sign-ins is open', "  'GET /auth/jwks.json',\n", "  'GET /auth/jwks.json',\n  'GET /auth/users',\n"],
  ]),
  ...plant('services/authentication/sign-ins.ts', signIn, [
    ['a challenge is answered twice', '        await check.use(tx, nonce, expires)\n', ''],
    [
      'a signature is not looked at',
      'check.require({ address, nonce, signature, purpose: SIGN_IN })',
      'Number.MAX_SAFE_INTEGER',
    ],
    ['one person signs another out', 'doc === undefined || doc.address !== address', 'doc === undefined'],
    ['a sign-in that was ended is refreshed', 'doc === undefined || !isLive(doc, at)', 'doc === undefined'],
  ]),
  ...plant('services/authentication/refresh-token.ts', signIn, [
    ['a refresh token is used twice', "? 'again' : 'reused'", "? 'again' : 'next'"],
    [
      'any refresh token is ours',
      'given.length === 32 && timingSafeEqual(given, tagOf(key, text))',
      'given.length === 32',
    ],
  ]),
  ...plant('services/authentication/accounts.ts', signIn, [
    ['the code of the first admin is used twice', "    await codes.remove('admin', doc.rev)\n", ''],
    ['the code of the first admin never ends', 'if (doc.expires <= now())', 'if (doc.expires <= 0)'],
    ['any code makes an admin', 'doc === undefined || doc.hash !== hashOf(readCode(code))', 'doc === undefined'],
    ['a closed account signs in', "if (known.status === 'closed')", 'if (known.id === "")'],
    ['a stranger makes himself an account', "known === undefined && signUp === 'open'", 'known === undefined'],
    [
      'a closed account keeps its sign-ins',
      "        if (next.status === 'closed') await endSignIns(tx, address)\n",
      '',
    ],
    ['a role that was taken away stays in the token', ', ...next, revoked_at: now() }', ', ...next }'],
    ['the last admin can go', '(await activeAdmins(tx)) === 1', '(await activeAdmins(tx)) === 0'],
  ]),
  ...plant('services/authentication/signature-check.ts', signIn, [
    [
      'nobody is locked out',
      'if (failures.take(address)) throw fault',
      'if (failures.take(address) || true) throw fault',
    ],
    ['any signature will do', 'if (!verifyTronMessage({ address, message, signature }))', "if (signature === '')"],
  ]),
  ...plant('services/authentication/challenge.ts', signIn, [
    [
      'a challenge is good for everybody',
      'utf8(JSON.stringify([cluster, address, purpose]))',
      'utf8(JSON.stringify([cluster, purpose]))',
    ],
    [
      'a challenge is good for everything',
      'utf8(JSON.stringify([cluster, address, purpose]))',
      'utf8(JSON.stringify([cluster, address]))',
    ],
    ['a challenge never ends', 'if (expires <= now || ', 'if ('],
    ['any nonce is ours', 'timingSafeEqual(bytes.subarray(BODY), tagOf(key, body, bound))', 'body.length > 0'],
  ]),
  ...plant(
    'services/common/evidence/tron-message.ts',
    ['services/common/evidence/owner.test.ts', 'services/authentication/ledger.test.ts'],
    [
      ['a signature has a second spelling', 'if (parsed.hasHighS()) throw signatureFault()', ''],
      ['the prefix of another chain is signed', 'utf8(`\\x19TRON Signed', 'utf8(`\\x19Ethereum Signed'],
    ],
  ),
  ...plant('services/authentication/second-factor.ts', factors, [
    [
      'a second factor is asked of nobody',
      '.get(address))?.confirmed) return []',
      '.get(address))?.confirmed || code === undefined) return []',
    ],
    ['codes of an app can be guessed', 'failures >= MOST_FAILURES ?', 'failures < 0 ?'],
    ['a code of an app is good twice', '{ set: { step, failures: 0 } }', '{ set: { failures: 0 } }'],
    ['a recovery code is good twice', '{ set: { recovery: rest } }', '{ set: {} }'],
  ]),
  ...plant('services/authentication/hardware-keys.ts', factors, [
    [
      'a hardware key signs an action twice',
      'return await store.transaction((tx) => check.use(tx, nonce, expires))',
      'return void expires',
    ],
    [
      'a hardware key signs any action',
      'check.require({ address, nonce, signature, purpose })',
      "check.require({ address, nonce, signature, purpose: 'sign in' })",
    ],
  ]),
  ...plant(
    'services/authentication/magic-link.ts',
    ['services/authentication/magic-link.test.ts'],
    [
      ['a link signs in twice', 'if (!(await links.remove(id))) throw used()', ''],
      ['a link never ends', 'link === undefined || link.expires_at <= now()', 'link === undefined'],
    ],
  ),
  ...plant(
    'services/common/http/client.ts',
    ['services/common/http/hops.test.ts'],
    [['the person who acts is lost on the way', 'await sign(callee, actor)', 'await sign(callee)']],
  ),
  ...plant(
    'services/common/policy/signature.ts',
    [...sessions, 'services/common/policy/snapshot.test.ts'],
    [
      [
        'the signature of a policy is not looked at',
        'if (!verifyTronMessage({ address: owner, message: policyMessage(policy), signature }))',
        "if (signature === '')",
      ],
      ['the policy of another owner will do', 'if (policy.owner !== owner)', "if (policy.owner === '')"],
      ['a policy is in force for ever', 'if (now >= policy.valid_until || now', 'if (now'],
    ],
  ),
  ...plant('services/common/policy/request.ts', policy, [
    ['somebody approves his own request', 'if (by === request.person)', "if (by === '')"],
    ['anybody approves requests', 'if (!policy.approvers.includes(by))', "if (by === '')"],
    ['an approval holds for ever', '? Math.min(now + REQUEST_MS, policy.valid_until)', '? policy.valid_until'],
  ]),
  ...plant('services/common/policy/decision.ts', policy, [
    [
      'what no rule speaks of is allowed',
      "['not-granted', 'refuse', () => true]",
      "['not-granted', 'allow', () => true]",
    ],
    [
      'an observer acts',
      "  ['observer', 'refuse', ({ observers, action }) => observers.includes(action.person)],\n",
      '',
    ],
    [
      'somebody acts who was not let in',
      "  ['not-admitted', 'refuse', ({ participants, action }) => !participants.includes(action.person)],\n",
      '',
    ],
    [
      'the size of an item is not looked at',
      "  ['over-cap', 'violation', ({ action, cap }) => action.bytes > cap],\n",
      '',
    ],
    ['the approval of one person serves another', 'one.person === person && ', ''],
  ]),
  ...plant(
    'services/common/policy/admission.ts',
    [...sessions, 'services/common/policy/decision.test.ts'],
    [['somebody joins whom the policy does not name', '  if (!isNamed)\n', "  if (!isNamed && person === '')\n"]],
  ),
  ...plant('services/session-orchestrator/routes.ts', sessions, [
    ['somebody opens a session for another', 'if (actor !== undefined && actor !== owner)', "if (actor === '')"],
    ['a call for nobody acts', '  if (actor === undefined)\n', "  if (actor === '')\n"],
  ]),
  ...plant(
    'services/common/http/audited.ts',
    ['services/common/http/audited.test.ts'],
    [
      ['what was done is not written down', 'if (action !== undefined) await stream?.append(action)', ''],
      ['it is answered before it is written down', 'await stream?.append(action)', 'void stream?.append(action)'],
      ['the person who acts is not written down', '    ...(actor !== undefined && { actor }),\n', ''],
    ],
  ),
  ...plant(
    'services/common/http/openapi.ts',
    ['services/common/http/audited.test.ts'],
    [['a route is not noted for the audit log', '&& unaudited === undefined ?', '&& unaudited === null ?']],
  ),
  ...plant('services/api-server/sessions.ts', api, [
    ['whose session it is is not looked at', '      requireAccess(person, session, deed)\n', ''],
  ]),
  ...plant('services/api-server/access.ts', api, [
    ['a stranger learns which sessions there are', "if (relation === 'stranger') throw noSuchSession()", ''],
    ['an observer changes a session', "  steer: ['owner', 'admin'],", "  steer: ['owner', 'admin', 'observer'],"],
    ['an admin takes the key of a session', "  own: ['owner'],", "  own: ['owner', 'admin'],"],
  ]),
  ...plant(
    'services/api-server/handlers.ts',
    ['services/api-server/routes.test.ts'],
    [
      [
        'everybody lists the sessions of everybody',
        "if (isAll && !mayDo(roles, 'admin_access'))",
        "if (isAll && address === '')",
      ],
    ],
  ),
  ...plant('services/api-server/evidence-routes.ts', api, [
    ['a chunk is given to everybody', "await find(id, 'see')\n        return chunks.file(", 'return chunks.file('],
    ['a bundle is given to everybody', "await find(id, 'see')\n        return answerBundle(", 'return answerBundle('],
  ]),
  ...plant('services/api-server/session-routes.ts', api, [
    [
      'the audit events of a session are given to everybody',
      "await find(id, 'see')\n        return ok(orchestrator",
      'return ok(orchestrator',
    ],
  ]),
  ...plant('services/api-server/live-events.ts', api, [
    ['a stream of events never asks again who listens', 'still: () => guard(request)', 'still: async () => request'],
  ]),
  ...plant(
    'services/api-server/idempotency.ts',
    ['services/api-server/idempotency.test.ts'],
    [
      [
        'a key of one person serves another',
        '      const doc = { id: hash(',
        "      person = ''\n      const doc = { id: hash(",
      ],
      ['a key serves another request', 'if (known.request !== doc.request) throw reused()', ''],
    ],
  ),
]
