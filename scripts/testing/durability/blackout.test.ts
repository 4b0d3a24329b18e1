import { sqlitePlace } from '../peers/place.ts'
import { blackoutSuite } from './blackout-suite.ts'

blackoutSuite(sqlitePlace(process.env))
