//! Formulas: those of the built-in cells, whose sums have the order of the cells' kinds, and of two other cells.

use sparsegate_runtime::formula::Operation::{Add, Complement, Gate, Mul, State, Sub, Sum, Tanh, UnitFactor};
use sparsegate_runtime::formula::{Operation, SumCounts};
use sparsegate_runtime::{Cell, CellFormula, CellKind};

fn formula(name: &str, sums: [u32; 4], states: &[&str], operations: Vec<Operation>, next: &[u32]) -> CellFormula {
    let [input, both, state, bias] = sums;
    CellFormula {
        name: name.to_owned(),
        sums: SumCounts { input, both, state, bias },
        states: states.iter().map(ToString::to_string).collect(),
        operations,
        next: next.to_vec(),
    }
}

/// The formula of a built-in cell.
pub fn formula_of(cell: CellKind) -> CellFormula {
    let gru = || {
        vec![
            Sum(0),
            Sum(1),
            Gate(1),
            Sum(3),
            Mul(2, 3),
            Add(0, 4),
            Tanh(5),
            Sum(2),
            Gate(7),
            Complement(8),
            Mul(9, 6),
            State(0),
            Mul(8, 11),
            Add(10, 12),
        ]
    };
    let name = &format!("{}-formula", cell.name());
    match cell {
        CellKind::Lstm => formula(
            name,
            [0, 4, 0, 0],
            &["hidden", "cell"],
            vec![
                Sum(1),
                Gate(0),
                State(1),
                Mul(1, 2),
                Sum(0),
                Gate(4),
                Sum(2),
                Tanh(6),
                Mul(5, 7),
                Add(3, 8),
                Sum(3),
                Gate(10),
                Tanh(9),
                Mul(11, 12),
            ],
            &[13, 9],
        ),
        CellKind::Gru => formula(name, [1, 2, 1, 0], &["hidden"], gru(), &[13]),
        CellKind::GruState => {
            let operations = [gru(), vec![UnitFactor, Mul(13, 14)]].concat();
            formula(name, [1, 2, 1, 0], &["hidden"], operations, &[15])
        }
        CellKind::Rnn => formula(name, [0, 1, 0, 0], &["hidden"], vec![Sum(0), Tanh(0)], &[1]),
    }
}

/// Every built-in cell; its formula; an LSTM with coupled gates; and a cell with three states, a sum without weights,
/// operations that nothing reads, and a state that is another one's old value.
pub fn cells() -> Vec<Cell> {
    let coupled = vec![
        Sum(0),
        Gate(0),
        State(1),
        Sum(1),
        Tanh(3),
        Sub(2, 4),
        Mul(1, 5),
        Add(6, 4),
        Sum(2),
        Gate(8),
        Tanh(7),
        Mul(9, 10),
    ];
    let odd = vec![
        State(1),
        Sum(4),
        Gate(1),
        Complement(2),
        Sum(0),
        Sum(1),
        Gate(5),
        Mul(4, 6),
        Sum(2),
        Add(7, 8),
        Sum(3),
        Mul(10, 2),
        Sub(9, 11),
        Tanh(12),
        Mul(3, 0),
        State(2),
        Add(13, 15),
        Gate(16),
        Tanh(13),
    ];
    let others = [
        formula("lstm-coupled", [0, 3, 0, 0], &["hidden", "cell"], coupled, &[11, 7]),
        formula("odd", [1, 2, 1, 1], &["hidden", "first", "second"], odd, &[17, 13, 0]),
    ];
    let built_in = CellKind::ALL.into_iter().map(Cell::from);
    let formulas = CellKind::ALL.into_iter().map(formula_of).chain(others).map(Cell::from);
    built_in.chain(formulas).collect()
}
