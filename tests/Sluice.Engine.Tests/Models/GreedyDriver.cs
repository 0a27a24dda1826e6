using Sluice.Engine.Models;
using Sluice.Engine.Sequences;

namespace Sluice.Engine.Tests.Models;

/// <summary>Drives a model without a cache: every sequence has its own run of pages, in order.</summary>
internal sealed class GreedyDriver(Model model)
{
    private readonly StepPlan _plan = new(
        model.Options.MaxStepTokens, model.Options.MaxSequences, model.Options.MaxSequences * ((model.Config.ContextLength / StepPlan.PageTokens) + 1));

    public Model Model => model;

    public StepPlan Plan => _plan;

    /// <summary>One step of several segments: tokens at [context, …) of the sequence whose pages begin at a given page. Logits are wanted of each last row.</summary>
    public void Step(params (int[] Tokens, int Context, int FirstPage)[] segments) => Step(false, segments);

    public void Step(bool allRows, params (int[] Tokens, int Context, int FirstPage)[] segments)
    {
        _plan.Clear();
        int pages = 0;
        foreach ((int[] tokens, int context, int firstPage) in segments)
            Add(tokens, context, firstPage, allRows, ref pages);
        model.Forward(_plan);
    }

    /// <summary>Prefills the prompt in chunks of at most so many tokens; returns a copy of the last row's logits.</summary>
    public float[] Prefill(int[] prompt, int chunk, int firstPage = 0)
    {
        for (int done = 0; done < prompt.Length; done += chunk)
            Step((prompt[done..Math.Min(prompt.Length, done + chunk)], done, firstPage));
        return model.Logits(0).ToArray();
    }

    /// <summary>Continues greedily; returns the ids.</summary>
    public List<int> Generate(int[] prompt, int count, int chunk = int.MaxValue, int firstPage = 0)
    {
        float[] logits = Prefill(prompt, Math.Min(chunk, model.Options.MaxStepTokens), firstPage);
        List<int> ids = [ArgMax(logits)];
        while (ids.Count < count)
        {
            Step(([ids[^1]], prompt.Length + ids.Count - 1, firstPage));
            ids.Add(ArgMax(model.Logits(0)));
        }

        return ids;
    }

    public static int ArgMax(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best])
                best = i;
        }

        return best;
    }

    private void Add(int[] tokens, int context, int firstPage, bool allRows, ref int pages)
    {
        int s = _plan.Segments++;
        _plan.SegmentRow[s] = _plan.Rows;
        _plan.SegmentContext[s] = context;
        _plan.PageStart[s] = pages;
        int count = (context + tokens.Length + StepPlan.PageTokens - 1) / StepPlan.PageTokens;
        for (int i = 0; i < count; i++)
            _plan.Pages[pages++] = firstPage + i;
        for (int i = 0; i < tokens.Length; i++)
        {
            if (allRows || i == tokens.Length - 1)
            {
                _plan.OutputRows[_plan.Outputs++] = _plan.Rows;
                _plan.HiddenRows[_plan.Hiddens++] = _plan.Rows;
            }

            _plan.Positions[_plan.Rows] = context + i;
            _plan.Tokens[_plan.Rows++] = tokens[i];
        }

        _plan.SegmentRow[s + 1] = _plan.Rows;
        _plan.PageStart[s + 1] = pages;
    }
}
