import { sqlitePlace } from '../peers/place.ts'
import { killSuite } from './kill-suite.ts'

killSuite(sqlitePlace(process.env), { rounds: 50 })
