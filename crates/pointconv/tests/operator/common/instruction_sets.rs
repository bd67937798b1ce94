//! The tests of a program once more, with every instruction set of this machine.

use std::process::Command;

use neighbors::InstructionSet;

use super::uses_instruction_sets;

/// This program, to be run once more: in the emulator, with its arguments, that `POINTWISE_TEST_EMULATOR` names.
fn this_program() -> Command {
    let path = std::env::current_exe().expect("the path of this program");
    let emulator = std::env::var("POINTWISE_TEST_EMULATOR").unwrap_or_default();
    let mut words = emulator.split_whitespace();
    let Some(emulator) = words.next() else { return Command::new(path) };
    let mut command = Command::new(emulator);
    command.args(words).arg(path);
    command
}

/// Runs all tests of this program but `this` again with each instruction set that it does not use itself: the choice is
/// made once in a process. A GPU has nothing to choose.
pub(crate) fn run_again_with_other_instruction_sets(this: &str) {
    if !uses_instruction_sets() {
        return;
    }
    let others = InstructionSet::available().into_iter().filter(|&set| set != InstructionSet::current());
    for set in others {
        let mut program = this_program();
        program.args(["--exact", "--skip", this]).env("POINTWISE_SIMD", set.to_string());
        let output = program.output().expect("this program runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{set}:\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(!text.contains("test result: ok. 0 passed"), "{set}: no test ran:\n{text}");
    }
}
