#!/bin/bash
# Health of a mongod: asks `hello` over its port and exits 0 when it is the primary (with "member": or a secondary).
# mongosh would take a second of a Pi's processor for it, every ten seconds.
set -uo pipefail
role=${1:-primary}
port=${MONGO_PORT:-27017}

# An OP_MSG (opcode 2013) with the BSON document { hello: 1, $db: "admin" }; numbers are little-endian.
header='\x34\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0'
flags_and_kind='\0\0\0\0\0'
document='\x1f\0\0\0\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0'

exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
printf "$header$flags_and_kind$document" >&3 || exit 1

# The reply as hex: its first four bytes are its length.
size=$(timeout 2 head -c 4 <&3 | od -An -v -tx1 | tr -d ' \n')
[ ${#size} -eq 8 ] || exit 1
length=$((16#${size:6:2}${size:4:2}${size:2:2}${size:0:2}))
[ "$length" -gt 26 ] && [ "$length" -le 65536 ] || exit 1
reply=$(timeout 2 head -c $((length - 4)) <&3 | od -An -v -tx1 | tr -d ' \n')
[ ${#reply} -eq $(((length - 4) * 2)) ] || exit 1

# A BSON element that is true: type 08, the name, a zero byte, 01.
is() { [[ $reply == *08$(printf %s "$1" | od -An -v -tx1 | tr -d ' \n')0001* ]]; }

is isWritablePrimary || { [ "$role" = member ] && is secondary; }
