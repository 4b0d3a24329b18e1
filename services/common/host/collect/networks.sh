# A part of the collector: networks of the engine and routes of the kernel. It stands alone, too.
# An engine that does not answer has no section, so that no network seems missing.
if network_ids=$(docker network ls --quiet --no-trunc); then
  printf '\n== networks\n'
  # shellcheck disable=SC2086
  docker network inspect --format '{"id":{{json .ID}},"name":{{json .Name}},"internal":{{json .Internal}},"subnets":[{{range $i, $c := .IPAM.Config}}{{if $i}},{{end}}{{json $c.Subnet}}{{end}}],"compose":{{json (index .Labels "com.docker.compose.network")}},"bridge":{{json (index .Options "com.docker.network.bridge.name")}},"masquerade":{{json (index .Options "com.docker.network.bridge.enable_ip_masquerade")}},"containers":[{{$comma := ""}}{{range .Containers}}{{$comma}}{{json .Name}}{{$comma = ","}}{{end}}]}' $network_ids 2>/dev/null | sed 's/^/ /'
fi
printf '\n== routes\n'
# There where `ip` is not.
sed 's/^/ /' /proc/net/route 2>/dev/null
