/** Name of the unit: a host has one platform, since containers have fixed names. */
export const UNIT = 'lucid.service'

export type UnitInput = {
  readonly dir: string
  /** Who owns it, and may talk to the engine. */
  readonly user: string
}

/** Runs lucid-boot.sh once per boot. `RuntimeDirectory` holds the mark of the first start and goes with the power. */
export const renderUnit = ({
  dir,
  user,
}: UnitInput): string => `# Installed by \`bun run boot --install\`; \`--uninstall\` takes it away.
[Unit]
Description=Lucid: brings up the release of this host, in order
Requires=docker.service
Wants=network-online.target
After=docker.service network-online.target
RequiresMountsFor=${dir}

[Service]
Type=oneshot
RemainAfterExit=yes
User=${user}
RuntimeDirectory=lucid
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
ExecStart=/bin/sh ${dir}/bin/lucid-boot.sh ${dir}
TimeoutStartSec=3600

[Install]
WantedBy=multi-user.target
`
