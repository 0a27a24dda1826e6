using System.Text.Json;
using System.Text.Json.Serialization;
using Sluice.Tuning.Training;

namespace Sluice.Tuning.Tickets;

/// <summary>The phrases that tickets are made of, from <c>phrases.json</c>; those of <see cref="TicketSplit.Judge"/> from <c>judge.json</c>, and for training also the patterns of <c>variations.json</c>.</summary>
internal sealed record PhraseBook(
    IReadOnlyList<string> Items, PhrasePair Openers, PhrasePair Closers, PhrasePair Urgent, PhrasePair Relaxed, PhrasePair Fillers,
    IReadOnlyList<string> Words, IReadOnlyList<Intent> Intents)
{
    /// <summary>Shipped sets of phrases of <see cref="TicketSplit.Judge"/>; the first is the default.</summary>
    public static readonly IReadOnlyList<string> JudgeNames = ["judge", "judge-2", "judge-3"];

    public static PhraseBook Shipped { get; } = Load();

    /// <summary>How the patterns of training are said.</summary>
    [JsonIgnore]
    public Variations Variations { get; init; } = new(new Dictionary<string, IReadOnlyList<string>>());

    public IReadOnlyList<string> Labels => [.. Intents.Select(intent => intent.Label)];

    private static PhraseBook Load()
    {
        using Stream phrases = Resource("phrases.json"), patterns = Resource("variations.json");
        SplitPhrases varied = JsonSerializer.Deserialize(patterns, PhraseJson.Default.SplitPhrases)!;
        return JsonSerializer.Deserialize(phrases, PhraseJson.Default.PhraseBook)!.With(Judge("judge")).Varied(varied);
    }

    /// <summary>Phrases to judge a model by: shipped ones by name, others from a file.</summary>
    /// <exception cref="JsonException">A file of another form.</exception>
    public static SplitPhrases Judge(string name)
    {
        using Stream stream = JudgeNames.Contains(name) ? Resource($"{name}.json") : File.OpenRead(name);
        SplitPhrases phrases = JsonSerializer.Deserialize(stream, PhraseJson.Default.SplitPhrases) ?? throw new JsonException("Phrases are an object, not null.");
        bool whole = phrases.Openers.Count > 0 && phrases.Closers.Count > 0 && phrases.Urgent.Count > 0 && phrases.Relaxed.Count > 0 && phrases.Fillers.Count > 0;
        return whole ? phrases : throw new JsonException("openers, closers, urgent, relaxed, fillers: expected a phrase or more in each (it may be empty).");
    }

    /// <summary>The same book with other phrases of <see cref="TicketSplit.Judge"/>.</summary>
    public PhraseBook With(SplitPhrases judge) => this with
    {
        Openers = Openers with { Judge = judge.Openers },
        Closers = Closers with { Judge = judge.Closers },
        Urgent = Urgent with { Judge = judge.Urgent },
        Relaxed = Relaxed with { Judge = judge.Relaxed },
        Fillers = Fillers with { Judge = judge.Fillers },
        Intents = [.. Intents.Select(intent => intent with { Judge = judge.Of(intent.Label) })],
    };

    private PhraseBook Varied(SplitPhrases patterns) => this with
    {
        Variations = new Variations(patterns.Macros!),
        Openers = Openers with { Patterns = patterns.Openers },
        Closers = Closers with { Patterns = patterns.Closers },
        Urgent = Urgent with { Patterns = patterns.Urgent },
        Relaxed = Relaxed with { Patterns = patterns.Relaxed },
        Fillers = Fillers with { Patterns = patterns.Fillers },
        Intents = [.. Intents.Select(intent => intent with { Patterns = patterns.Of(intent.Label) })],
    };

    private static Stream Resource(string name) => typeof(PhraseBook).Assembly.GetManifestResourceStream(name)!;
}

/// <summary>Phrases of one purpose, apart by split. The patterns are for training.</summary>
internal sealed record PhrasePair(IReadOnlyList<string> Train, IReadOnlyList<string> Heldout)
{
    /// <summary>How many of training's phrases are made of patterns: of those there are ten thousands of ways to say them, of the others some tens.</summary>
    private const double PatternShare = 0.8;

    [JsonIgnore]
    public IReadOnlyList<string> Judge { get; init; } = [];

    [JsonIgnore]
    public IReadOnlyList<string> Patterns { get; init; } = [];

    public string Pick(TicketSplit split, SeededRandom random) => random.Pick(split switch
    {
        TicketSplit.Train => random.Chance(PatternShare) ? Patterns : Train,
        TicketSplit.HeldOut => Heldout,
        _ => Judge,
    });
}

/// <summary>What customers write about, and the replies with and without an order number.</summary>
internal sealed record Intent(string Label, IReadOnlyList<string> Replies, IReadOnlyList<string> Train, IReadOnlyList<string> Heldout)
{
    [JsonIgnore]
    public IReadOnlyList<string> Judge { get; init; } = [];

    [JsonIgnore]
    public IReadOnlyList<string> Patterns { get; init; } = [];

    public string Pick(TicketSplit split, SeededRandom random) => new PhrasePair(Train, Heldout) { Judge = Judge, Patterns = Patterns }.Pick(split, random);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PhraseBook))]
[JsonSerializable(typeof(SplitPhrases))]
internal sealed partial class PhraseJson : JsonSerializerContext;
