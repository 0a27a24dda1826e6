using Sluice.Engine.Sequences;

namespace Sluice.Engine.Planning;

/// <summary>A row that the last step left behind, by its place among those asked for; valid until the next step.</summary>
internal delegate ReadOnlySpan<float> RowReader(int index);

/// <summary>The largest logit of such a row, as <see cref="Models.Model.Largest"/> has it.</summary>
internal delegate (int Id, float Logit) LargestReader(int index);

/// <summary>What a step needs of a model, as functions: the loop is tested with a model that shows every wrong page.</summary>
/// <param name="Forward">Runs one plan.</param>
/// <param name="Logits">(vocabulary) of plan.OutputRows[index], where not only the largest is wanted.</param>
/// <param name="Largest">Of plan.OutputRows[index], where only it is wanted.</param>
/// <param name="Hidden">(hidden) of plan.HiddenRows[index].</param>
/// <param name="CopyPage">Copies slots [0, tokens) of a page: from, to, tokens.</param>
internal sealed record StepModel(Action<StepPlan> Forward, RowReader Logits, LargestReader Largest, RowReader Hidden, Action<int, int, int> CopyPage)
{
    public void Run(Step step)
    {
        foreach (PageCopy copy in step.Copies)
            CopyPage(copy.From, copy.To, copy.Tokens);
        Forward(step.Plan);
    }
}
