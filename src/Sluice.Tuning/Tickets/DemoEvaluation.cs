using System.Text.Json;
using Sluice.Engine;
using Sluice.Engine.Tokens;

namespace Sluice.Tuning.Tickets;

/// <summary>What to ask of a model.</summary>
public sealed record DemoEvaluationOptions
{
    public TicketSplit Split { get; init; } = TicketSplit.Judge;

    /// <summary>Of <see cref="TicketSplit.Judge"/>: which phrases, as <see cref="TicketGenerator"/> takes them.</summary>
    public string? Judge { get; init; }

    public ulong Seed { get; init; } = 4242;
    public int Tickets { get; init; } = 1000;

    /// <summary>A small model of the same tokenizer, to be compared with the answers; null for none.</summary>
    public IEngine? Draft { get; init; }
}

/// <summary>How well a model sorts and answers tickets made of phrases it was never trained on.</summary>
/// <param name="Tickets">How many were asked, each once for its label and once for its JSON.</param>
/// <param name="LabelAccuracy">Share whose likeliest label is right.</param>
/// <param name="WellFormed">Share of answers that are one JSON object with exactly the four members.</param>
/// <param name="JsonLabelAccuracy">Share of answers whose label is right.</param>
/// <param name="OrderAccuracy">Share of answers whose order number is the ticket's, absent ones included.</param>
/// <param name="PriorityAccuracy">Share of answers whose priority is right.</param>
/// <param name="Perplexity">exp of the mean negative log-probability of a token, over tickets and the answers that they should get.</param>
/// <param name="Wrong">Tickets whose label came out wrong, by label.</param>
/// <param name="Confused">Those tickets, with what was said instead.</param>
/// <param name="Draft">How well the small model guesses the answers; null where there is none.</param>
public sealed record DemoEvaluation(
    int Tickets, double LabelAccuracy, double WellFormed, double JsonLabelAccuracy, double OrderAccuracy, double PriorityAccuracy, double Perplexity,
    IReadOnlyDictionary<string, int> Wrong, IReadOnlyList<string> Confused, DraftAgreement? Draft)
{
    private const int AnswerTokens = 96;

    public static async Task<DemoEvaluation> RunAsync(IEngine engine, Tokenizer tokenizer, DemoEvaluationOptions options, CancellationToken cancellationToken)
    {
        int count = options.Tickets;
        TicketGenerator generator = new(options.Seed, options.Split, options.Judge);
        Ticket[] tickets = [.. Enumerable.Range(0, count).Select(_ => generator.Next())];
        int[][] labels = [.. TicketGenerator.Labels.Select(label => (int[])[.. tokenizer.EncodeContinuation(label), .. tokenizer.EncodeTemplate(TicketPrompts.End)])];
        EngineResult[] sorted = await Task.WhenAll(tickets.Select(ticket => engine.RunAsync(
            new EngineRequest { Scope = default, Kind = SequenceKind.Score, Prompt = Encode(tokenizer, TicketPrompts.SortSystem, ticket.Text), Choices = labels },
            cancellationToken)));
        int[][] questions = [.. tickets.Select(ticket => Encode(tokenizer, TicketPrompts.AnswerSystem, ticket.Text))];
        EngineResult[] answered = await Task.WhenAll(questions.Select(question => engine.RunAsync(
            new EngineRequest { Scope = default, Kind = SequenceKind.Generate, Prompt = question, MaxTokens = AnswerTokens },
            cancellationToken)));
        double perplexity = await PerplexityAsync(engine, tokenizer, tickets, cancellationToken);
        int rightLabel = 0, wellFormed = 0, rightJson = 0, rightOrder = 0, rightPriority = 0;
        SortedDictionary<string, int> wrong = new(StringComparer.Ordinal);
        List<string> confused = [];
        for (int i = 0; i < count; i++)
        {
            double[] scores = sorted[i].ChoiceLogprobs;
            string said = TicketGenerator.Labels[Array.IndexOf(scores, scores.Max())];
            if (said == tickets[i].Label)
            {
                rightLabel++;
            }
            else
            {
                wrong[tickets[i].Label] = wrong.GetValueOrDefault(tickets[i].Label) + 1;
                confused.Add($"{tickets[i].Text} | {tickets[i].Label}, not {said}");
            }
            if (Read(answered[i].Text) is not { } answer)
            {
                confused.Add($"{tickets[i].Text} | not well-formed: {answered[i].Text}");
                continue;
            }
            wellFormed++;
            rightJson += answer.Label == tickets[i].Label ? 1 : 0;
            rightOrder += answer.Order == tickets[i].Order ? 1 : 0;
            rightPriority += answer.Priority == tickets[i].Priority ? 1 : 0;
        }
        DraftAgreement? draft = options.Draft is null
            ? null
            : await DraftAgreement.MeasureAsync(options.Draft, [.. questions.Zip(answered, (question, answer) => (question, Said(answer, tokenizer)))], cancellationToken);
        double Share(int right) => (double)right / count;
        return new DemoEvaluation(count, Share(rightLabel), Share(wellFormed), Share(rightJson), Share(rightOrder), Share(rightPriority), perplexity, wrong, confused, draft);
    }

    private static int[] Said(EngineResult answer, Tokenizer tokenizer) =>
        answer.FinishReason == FinishReason.Stop ? [.. answer.Tokens, .. tokenizer.EncodeTemplate(TicketPrompts.End)] : answer.Tokens;

    // Ticket and answer after the words that ask for it.
    private static async Task<double> PerplexityAsync(IEngine engine, Tokenizer tokenizer, Ticket[] tickets, CancellationToken cancellationToken)
    {
        int[] system = [.. tokenizer.EncodeTemplate(TicketPrompts.Begin + TicketPrompts.System), .. tokenizer.Encode(TicketPrompts.AnswerSystem), .. tokenizer.EncodeTemplate(TicketPrompts.End + TicketPrompts.User)];
        int[][] texts = [.. tickets.Select(ticket => (int[])
            [.. tokenizer.Encode(ticket.Text), .. tokenizer.EncodeTemplate(TicketPrompts.End + TicketPrompts.Assistant), .. tokenizer.Encode(TicketPrompts.Answer(ticket))])];
        EngineResult[] scored = await Task.WhenAll(texts.Select(text => engine.RunAsync(
            new EngineRequest { Scope = default, Kind = SequenceKind.Score, Prompt = system, Choices = [text] }, cancellationToken)));
        return Math.Exp(-scored.Sum(result => result.ChoiceLogprobs[0]) / texts.Sum(text => text.Length));
    }

    private static int[] Encode(Tokenizer tokenizer, string system, string text) =>
        [.. TicketPrompts.Chat(system, text).SelectMany((part, i) => i % 2 == 0 ? tokenizer.EncodeTemplate(part) : tokenizer.Encode(part))];

    private static (string? Label, string? Priority, string? Order)? Read(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            bool whole = root.ValueKind == JsonValueKind.Object
                && root.EnumerateObject().Select(member => member.Name).SequenceEqual(["label", "priority", "order", "reply"]);
            return whole ? (root.GetProperty("label").GetString(), root.GetProperty("priority").GetString(), root.GetProperty("order").GetString()) : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
