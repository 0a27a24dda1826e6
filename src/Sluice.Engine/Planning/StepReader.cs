using Sluice.Engine.Sampling;
using Sluice.Engine.Sequences;
using Sluice.Engine.Speculation;

namespace Sluice.Engine.Planning;

/// <summary>Reads what a step left behind into the sequences: picked tokens, log-probabilities of choices, hidden states. Says which are at their end.</summary>
/// <param name="model">Has just run the step.</param>
/// <param name="planner">Told of choices that are summed up.</param>
/// <param name="vocabulary">Length of a row of logits.</param>
/// <param name="endIds">Ids that end generation.</param>
internal sealed class StepReader(StepModel model, Planner planner, int vocabulary, int[] endIds)
{
    private readonly DraftVerifier _verifier = new(new Sampler(vocabulary));
    private readonly LogProbabilities _logProbabilities = new(vocabulary);

    /// <summary>Tokens picked since the start; an id that ends generation is one.</summary>
    public long GeneratedTokens { get; private set; }

    /// <summary>Guesses that were rows of steps since the start.</summary>
    public long DraftedTokens { get; private set; }

    /// <summary>Those that stood; a guessed id that ends generation is one.</summary>
    public long AcceptedTokens { get; private set; }

    /// <summary>Reads a committed step. A sequence whose own reading fails gets that as its <see cref="Sequence.Failure"/>; the others go on.</summary>
    /// <param name="step">Committed.</param>
    /// <param name="finished">Gets the sequences that ended or failed, each once.</param>
    public void Read(Step step, List<Sequence> finished)
    {
        StepPlan plan = step.Plan;
        int output = 0;
        int hidden = 0;
        for (int i = 0; i < plan.Segments; i++)
        {
            Lane lane = step.Lanes[i];
            int end = plan.SegmentRow[i + 1];
            int firstOutput = output;
            int firstHidden = hidden;
            while (output < plan.Outputs && plan.OutputRows[output] < end)
                output++;
            while (hidden < plan.Hiddens && plan.HiddenRows[hidden] < end)
                hidden++;
            Sequence sequence = lane.Owner;
            if (sequence.Ended || sequence.Failure is not null)
                continue;
            try
            {
                ReadLane(lane, firstOutput, output, firstHidden, hidden);
            }
            catch (Exception failure)
            {
                sequence.Failure = failure;
            }

            if (sequence.Ended || sequence.Failure is not null)
                finished.Add(sequence);
        }
    }

    private void ReadLane(Lane lane, int firstOutput, int endOutput, int firstHidden, int endHidden)
    {
        Sequence sequence = lane.Owner;
        if (lane.Choice >= 0)
        {
            AddChoiceRows(lane, firstOutput, endOutput);
            return;
        }

        for (int i = firstHidden; i < endHidden; i++)
            sequence.Mean!.Add(model.Hidden(i));
        if (lane.Remaining > 0)
            return;
        switch (sequence.Request.Kind)
        {
            case SequenceKind.Generate:
                AppendAll(sequence, firstOutput);
                break;
            case SequenceKind.Score:
                BeginChoices(sequence, model.Logits(firstOutput));
                break;
            default:
                sequence.Ended = true;
                break;
        }
    }

    // The row of each guess that stands tells the token after it.
    private void AppendAll(Sequence sequence, int firstOutput)
    {
        Lane lane = sequence.Trunk;
        int drafted = lane.Drafted;
        lane.Drafted = 0;
        int accepted = 0;
        bool goes = true;
        int picked = 0;
        for (; goes; picked++)
        {
            int guess = picked < drafted ? lane.Tokens[lane.Length] : -1;
            int id = Append(sequence, firstOutput + picked, picked, drafted);
            goes = id == guess && !sequence.Ended;
            if (id != guess)
                continue;
            accepted++;
            if (lane.Computed < lane.Length)
                lane.Computed++; // its row was in the step; an end id is none of its tokens
        }

        if (drafted == 0)
            return;
        sequence.DraftedTokens += drafted;
        sequence.AcceptedTokens += accepted;
        DraftedTokens += drafted;
        AcceptedTokens += accepted;
        planner.Speculator!.Settle(sequence.Draft!, looked: Math.Min(drafted, picked), accepted);
        planner.DropGuesses(lane);
    }

    private int Append(Sequence sequence, int output, int guess, int drafted)
    {
        EngineRequest request = sequence.Request;
        Lane lane = sequence.Trunk;
        ReadOnlySpan<float> logits = sequence.PicksLargest ? default : model.Logits(output);
        int id = sequence.PicksLargest ? Largest(output) : _verifier.Next(
            logits, request.Sampling, lane.Tokens.AsSpan(0, lane.Length), sequence.PromptLength, sequence.Seed, sequence.Draft, guess, drafted);
        GeneratedTokens++;
        if (!request.IgnoreEnd && endIds.AsSpan().Contains(id))
        {
            End(sequence, FinishReason.Stop);
            return id;
        }

        sequence.Logprobs?.Add(Describe(logits, id, request.Logprobs!.Value));
        lane.Tokens[lane.Length++] = id;
        if (sequence.Stop is not null && sequence.Stop.Push(id))
            End(sequence, FinishReason.Stop);
        else if (lane.Length == sequence.Capacity)
            End(sequence, FinishReason.Length);
        return id;
    }

    private int Largest(int output)
    {
        (int id, float logit) = model.Largest(output);
        LogProbabilities.RequireFinite(logit);
        return id;
    }

    private SampledToken Describe(ReadOnlySpan<float> logits, int id, int alternatives)
    {
        double normalizer = _logProbabilities.Normalizer(logits);
        (int, float)[] top = alternatives == 0 ? [] : new (int, float)[Math.Min(alternatives, vocabulary)];
        LogProbabilities.Top(logits, normalizer, top);
        return new SampledToken(id, (float)(logits[id] - normalizer), top);
    }

    // The row after the prompt gives every choice's first token. Choices that were summed up before their sequence gave way are not in the list any more.
    private void BeginChoices(Sequence sequence, ReadOnlySpan<float> logits)
    {
        double normalizer = _logProbabilities.Normalizer(logits);
        IReadOnlyList<int[]> choices = sequence.Request.Choices;
        for (int i = 0; i < choices.Count; i++)
        {
            if (choices[i].Length == 1)
                sequence.ChoiceSums[i] = logits[choices[i][0]] - normalizer;
        }

        foreach (Lane choice in sequence.Choices)
            sequence.ChoiceSums[choice.Choice] = logits[choice.Tokens[0]] - normalizer;
        sequence.Ended = sequence.Choices.Count == 0;
    }

    private void AddChoiceRows(Lane choice, int firstOutput, int endOutput)
    {
        Sequence sequence = choice.Owner;
        int next = choice.Computed - (endOutput - firstOutput) - choice.Start + 1; // the row at token i tells of token i + 1
        for (int i = firstOutput; i < endOutput; i++)
        {
            ReadOnlySpan<float> logits = model.Logits(i);
            sequence.ChoiceSums[choice.Choice] += logits[choice.Tokens[next++]] - _logProbabilities.Normalizer(logits);
        }

        if (choice.Remaining > 0)
            return;
        planner.RetireChoice(choice);
        sequence.Ended = sequence.Choices.Count == 0;
    }

    private static void End(Sequence sequence, FinishReason reason)
    {
        sequence.Ended = true;
        sequence.FinishReason = reason;
    }
}
