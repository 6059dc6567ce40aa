export const titleOf = (name, harbour) => (name ? `Berth ${name} of ${harbour}` : `All berths of ${harbour}`);
