using Sluice.Engine.Planning;
using Sluice.Engine.Sampling;
using Sluice.Engine.Sequences;

namespace Sluice.Engine.Tests.Planning;

/// <summary>
/// A model of hashes with real KV pages: each slot holds a hash of all tokens up to it, read through the page table from the slot before; a row's logits are
/// a hash of every slot it attends to. So a wrong page, a page written twice, a slot never computed or a wrong position changes the answer.
/// </summary>
internal sealed class FakeModel
{
    private readonly ulong[] _slots; // (pages x 16)
    private readonly ulong[] _states; // (rows)
    private readonly ulong[] _terms; // (context)
    private readonly float[] _row;
    private readonly float[] _hidden;
    private StepPlan _plan = new(1, 1, 1);

    public FakeModel(int vocabulary, int pages, int maxRows, int hidden = 8)
    {
        _slots = new ulong[pages * StepPlan.PageTokens];
        _states = new ulong[maxRows];
        _terms = new ulong[8192];
        _row = new float[vocabulary];
        _hidden = new float[hidden];
        for (int i = 0; i < _slots.Length; i++)
            _slots[i] = CounterRandom.Bits(-1, i);
        Steps = new StepModel(Forward, Whole, Largest, i => Hidden(_states[_plan.HiddenRows[i]]), CopyPage);
    }

    public StepModel Steps { get; }

    public int HiddenSize => _hidden.Length;

    public long Calls { get; private set; }

    public long Rows { get; private set; }

    /// <summary>Called before each step.</summary>
    public Action<StepPlan>? BeforeStep { get; set; }

    /// <summary>Logits of the last of these tokens, computed without pages.</summary>
    public float[] LogitsAfter(ReadOnlySpan<int> tokens)
    {
        for (int p = 0; p < tokens.Length; p++)
            _terms[p] = Slot(p == 0 ? 0 : _terms[p - 1], tokens[p], p);
        return Logits(State(tokens.Length)).ToArray();
    }

    public float[] HiddenAfter(ReadOnlySpan<int> tokens)
    {
        _ = LogitsAfter(tokens);
        return Hidden(State(tokens.Length)).ToArray();
    }

    /// <summary>Greedy ids, one by one, without pages.</summary>
    public int[] Greedy(int[] prompt, int count, int? end = null)
    {
        List<int> tokens = [.. prompt];
        while (tokens.Count < prompt.Length + count)
        {
            int id = LogProbabilities.ArgMax(LogitsAfter(tokens.ToArray()));
            if (id == end)
                break;
            tokens.Add(id);
        }

        return [.. tokens.Skip(prompt.Length)];
    }

    private void Forward(StepPlan plan)
    {
        BeforeStep?.Invoke(plan);
        _plan = plan;
        Calls++;
        Rows += plan.Rows;
        for (int s = 0; s < plan.Segments; s++)
        {
            ReadOnlySpan<int> pages = plan.Pages.AsSpan(plan.PageStart[s], plan.PageStart[s + 1] - plan.PageStart[s]);
            for (int row = plan.SegmentRow[s]; row < plan.SegmentRow[s + 1]; row++)
            {
                int position = plan.SegmentContext[s] + row - plan.SegmentRow[s];
                if (plan.Positions[row] != position)
                    throw new InvalidOperationException($"row {row} stands at {plan.Positions[row]}, expected {position}");
                ulong before = position == 0 ? 0 : Read(pages, position - 1);
                _slots[Index(pages, position)] = Slot(before, plan.Tokens[row], position);
            }
        }

        // After all writes, as in a layer of a real model.
        for (int s = 0; s < plan.Segments; s++)
        {
            ReadOnlySpan<int> pages = plan.Pages.AsSpan(plan.PageStart[s], plan.PageStart[s + 1] - plan.PageStart[s]);
            for (int row = plan.SegmentRow[s]; row < plan.SegmentRow[s + 1]; row++)
            {
                for (int p = 0; p <= plan.Positions[row]; p++)
                    _terms[p] = Read(pages, p);
                _states[row] = State(plan.Positions[row] + 1);
            }
        }
    }

    private ReadOnlySpan<float> Whole(int index) => _plan.LargestOnly[index]
        ? throw new InvalidOperationException($"of output {index} only the largest is wanted")
        : Logits(_states[_plan.OutputRows[index]]);

    private (int, float) Largest(int index)
    {
        if (!_plan.LargestOnly[index])
            throw new InvalidOperationException($"output {index} is wanted whole");
        ReadOnlySpan<float> logits = Logits(_states[_plan.OutputRows[index]]);
        int id = LogProbabilities.ArgMax(logits);
        return (id, logits[id]);
    }

    private void CopyPage(int from, int to, int tokens) =>
        Array.Copy(_slots, from * StepPlan.PageTokens, _slots, to * StepPlan.PageTokens, tokens);

    private ulong Read(ReadOnlySpan<int> pages, int position) => _slots[Index(pages, position)];

    private static int Index(ReadOnlySpan<int> pages, int position) =>
        (pages[position / StepPlan.PageTokens] * StepPlan.PageTokens) + (position % StepPlan.PageTokens);

    private static ulong Slot(ulong before, int token, int position) => CounterRandom.Bits((long)before + token, position);

    private ulong State(int count)
    {
        ulong state = 0;
        for (int p = 0; p < count; p++)
            state = (state * 0x9E37_79B9_7F4A_7C15) + _terms[p];
        return state;
    }

    private ReadOnlySpan<float> Logits(ulong state) => Fill(_row, state);

    private ReadOnlySpan<float> Hidden(ulong state) => Fill(_hidden, state ^ 1);

    private static float[] Fill(float[] row, ulong state)
    {
        for (int i = 0; i < row.Length; i++)
            row[i] = (float)(CounterRandom.Uniform((long)state, i) * 20) - 10;
        return row;
    }
}
