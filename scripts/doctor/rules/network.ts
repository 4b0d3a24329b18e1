import { onHost } from '../finding.ts'
import { portRules } from './network-ports.ts'
import { routeRules } from './network-routes.ts'
import { ofHost, type Rule } from './rule.ts'

/** A fault of the networks between containers, of the ports that lead into them, and of the host's own. */

/** A clock further away than this, seconds: Tor refuses its consensus at minutes, tokens are refused before. */
const CLOCK_S = 30

export const networkRules: readonly Rule[] = [
  ...routeRules,
  ...portRules,
  {
    kind: 'no-name-server',
    find: ofHost(({ host }) =>
      host.diagnosis.nameServers.length > 0
        ? undefined
        : {
            what: 'it has no name server',
            evidence: '/etc/resolv.conf names none',
            cause: 'the network of the host is not set up: images cannot be pulled from a registry',
            repair: [onHost('sudo systemctl restart NetworkManager')],
          },
    ),
  },
  {
    kind: 'wrong-clock',
    find: ofHost(({ host: { at = 0, diagnosis }, ahead }) => {
      if (Math.abs(ahead) <= CLOCK_S) return undefined
      const [now, ours] = [Math.round(at / 1000), Math.round(at / 1000 - ahead)]
      return {
        what: `its clock is ${Math.round(Math.abs(ahead))} s ${ahead > 0 ? 'ahead of' : 'behind'} this machine’s`,
        evidence: `date +%s: ${now}, here ${ours}${diagnosis.ntp && `; NTPSynchronized=${diagnosis.ntp}`}`,
        cause: 'it is not set from the network: Tor refuses to join, and tokens are refused',
        repair: [onHost(`sudo date -u -s @${ours}`), onHost('sudo timedatectl set-ntp true')],
      }
    }),
  },
]
