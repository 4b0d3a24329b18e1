/** What a call threw, or the text `no fault`. For tests on faults. */
export const faultOf = async (work: () => unknown): Promise<unknown> => {
  try {
    await work()
    return 'no fault'
  } catch (error) {
    return error
  }
}
