import { sqlitePlace } from '../peers/place.ts'
import { proofSuite } from './proof-suite.ts'

proofSuite(sqlitePlace(process.env))
