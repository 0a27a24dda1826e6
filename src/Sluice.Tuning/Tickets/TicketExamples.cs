using Sluice.Engine.Tokens;
using Sluice.Tuning.Training;

namespace Sluice.Tuning.Tickets;

/// <summary>
/// Turns generated tickets into batches: sort by label, answer in JSON in a chat, answer in JSON without control tokens. What is longer than
/// <paramref name="longest"/> tokens is left out.
/// </summary>
internal sealed class TicketExamples(Tokenizer tokenizer, ulong seed, TicketSplit split, int sequences, int longest)
{
    private const int BatchesAtOnce = 16;
    private const float AnswerWeight = 1, TicketWeight = 0.1f;
    private readonly TicketGenerator _tickets = new(seed, split);
    private readonly SeededRandom _random = new(~seed);
    private readonly Queue<TrainingBatch> _ready = new();

    /// <summary>Sequences of about the same length, so that little of a batch is padding.</summary>
    public TrainingBatch Next()
    {
        if (_ready.Count == 0)
        {
            Example[] examples = [.. Enumerable.Range(0, BatchesAtOnce * sequences).Select(_ => Make()).OrderBy(e => e.Tokens.Length)];
            List<Example[]> groups = [.. examples.Chunk(sequences)];
            while (groups.Count > 0)
            {
                int pick = _random.Next(groups.Count);
                _ready.Enqueue(Pad(groups[pick]));
                groups.RemoveAt(pick);
            }
        }
        return _ready.Dequeue();
    }

    private Example Make()
    {
        while (true)
        {
            Example example = Draw();
            if (example.Tokens.Length <= longest) return example;
        }
    }

    private Example Draw()
    {
        Ticket ticket = _tickets.Next();
        List<int> tokens = [];
        List<float> weights = [];
        void Add(int[] ids, float weight)
        {
            tokens.AddRange(ids);
            weights.AddRange(Enumerable.Repeat(weight, ids.Length));
        }
        double form = _random.NextDouble();
        if (form < 0.8)
        {
            bool sort = form < 0.35;
            IReadOnlyList<string> parts = TicketPrompts.Chat(sort ? TicketPrompts.SortSystem : TicketPrompts.AnswerSystem, ticket.Text);
            for (int i = 0; i < parts.Count; i++)
            {
                Add(i % 2 == 0 ? tokenizer.EncodeTemplate(parts[i]) : tokenizer.Encode(parts[i]), i == 3 ? TicketWeight : 0);
            }
            Add(tokenizer.Encode(sort ? ticket.Label : TicketPrompts.Answer(ticket)), AnswerWeight);
        }
        else
        {
            Add(tokenizer.EncodeTemplate(TicketPrompts.Begin), 0);
            Add(tokenizer.Encode(TicketPrompts.Plain(ticket.Text)), TicketWeight);
            Add(tokenizer.Encode(TicketPrompts.Answer(ticket)), AnswerWeight);
        }
        Add(tokenizer.EncodeTemplate(TicketPrompts.End), AnswerWeight);
        return new Example([.. tokens], [.. weights]);
    }

    private static TrainingBatch Pad(Example[] examples)
    {
        int length = examples.Max(e => e.Tokens.Length) - 1;
        int[] tokens = new int[examples.Length * length], targets = new int[tokens.Length];
        float[] weights = new float[tokens.Length];
        for (int i = 0; i < examples.Length; i++)
        {
            Example example = examples[i];
            example.Tokens.AsSpan(0, example.Tokens.Length - 1).CopyTo(tokens.AsSpan(i * length));
            example.Tokens.AsSpan(1).CopyTo(targets.AsSpan(i * length));
            example.Weights.AsSpan(1).CopyTo(weights.AsSpan(i * length));
        }
        return new TrainingBatch(examples.Length, length, tokens, targets, weights);
    }

    /// <param name="Tokens">The whole text.</param>
    /// <param name="Weights">How much each token counts as a target.</param>
    private sealed record Example(int[] Tokens, float[] Weights);
}
