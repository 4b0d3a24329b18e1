import { killSuite } from './durability/kill-suite.ts'
import { sqlitePlace } from './peers/place.ts'

killSuite(sqlitePlace(process.env), { rounds: 50 })
