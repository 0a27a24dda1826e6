using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Sluice.Jobs;

namespace Sluice.Cli.Jobs;

/// <summary>A job request, member by member, as options. Limits are the service's to check: it knows them.</summary>
internal sealed class SubmitArguments
{
    private readonly Option<string> _model = new("--model") { Description = "Name from the service's list of models." };
    private readonly Option<string> _prompt = new("--prompt") { Description = "The text to run; - reads standard input." };
    private readonly Option<JobKind?> _kind = Choice<JobKind>("--kind", "What is asked of the model; generate.");
    private readonly Option<string[]> _choices = Many("--choice", "score: a continuation to compare; repeat it.");
    private readonly Option<Normalization?> _normalization = Choice<Normalization>("--normalization", "score: what log-likelihoods are divided by.");
    private readonly Option<int?> _maxTokens = new("--max-tokens");
    private readonly Option<double?> _temperature = Finite("--temperature");
    private readonly Option<double?> _topP = Finite("--top-p");
    private readonly Option<int?> _topK = new("--top-k");
    private readonly Option<double?> _minP = Finite("--min-p");
    private readonly Option<long?> _seed = new("--seed");
    private readonly Option<string[]> _stop = Many("--stop", "Generation ends before this text; repeat it.");
    private readonly Option<JobClass?> _priority = Choice<JobClass>("--priority", "Who waits for the answer; standard.");
    private readonly Option<string?> _deadline = new("--deadline") { Description = "Finish by, RFC 3339." };
    private readonly Option<double?> _ttl = Finite("--ttl", "Finish within so many seconds.");
    private readonly Option<OnLate?> _onLate = Choice<OnLate>("--on-late", "What becomes of the job when it cannot make its deadline; expire.");
    private readonly Option<CacheMode?> _cache = Choice<CacheMode>("--cache", "Which earlier answers may serve.");
    private readonly Option<string?> _namespace = new("--namespace") { Description = "Cache namespace." };
    private readonly Option<string?> _conversation = new("--conversation") { Description = "Name under which the engine keeps what it computed for the next job of the name." };
    private readonly Option<string[]> _metadata = Many("--metadata", "KEY=VALUE, handed back with the job; repeat it.");

    public void AddTo(Command command)
    {
        Option[] all =
        [
            _model, _prompt, _kind, _choices, _normalization, _maxTokens, _temperature, _topP, _topK, _minP, _seed, _stop, _priority, _deadline, _ttl, _onLate, _cache,
            _namespace, _conversation, _metadata,
        ];
        foreach (Option option in all) command.Options.Add(option);
    }

    /// <summary>What is missing for one job, or given in vain with a file of them.</summary>
    public IEnumerable<string> Faults(CommandResult result, bool file)
    {
        if (!file)
        {
            return ((Option[])[_model, _prompt]).Where(option => result.GetResult(option) is null).Select(option => $"Option '{option.Name}' is required.");
        }
        Option[] ofOne = [_prompt, _choices, _normalization, _maxTokens, _temperature, _topP, _topK, _minP, _seed, _stop, _conversation, _metadata];
        return ofOne.Where(option => result.GetResult(option) is { Implicit: false }).Select(option => $"{option.Name} belongs to one job; a line of a file says it itself.");
    }

    /// <summary>What lines of a file take where they say nothing, as the service's query names it.</summary>
    public IReadOnlyDictionary<string, string?> Defaults(ParseResult parse) => new Dictionary<string, string?>
    {
        ["model"] = parse.GetValue(_model),
        ["kind"] = Lower(parse.GetValue(_kind)),
        ["priority"] = Lower(parse.GetValue(_priority)),
        ["deadline"] = Time(parse.GetValue(_deadline)) is { } deadline ? JobTimes.Text(deadline) : null,
        ["ttl"] = parse.GetValue(_ttl)?.ToString("R", CultureInfo.InvariantCulture),
        ["on_late"] = Lower(parse.GetValue(_onLate)),
        ["cache"] = Lower(parse.GetValue(_cache)),
        ["namespace"] = parse.GetValue(_namespace),
    };

    public async Task<JobRequest> ReadAsync(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        string prompt = parse.GetRequiredValue(_prompt);
        CacheRequest cache = new() { Mode = parse.GetValue(_cache), Namespace = parse.GetValue(_namespace) };
        JobParameters parameters = new()
        {
            MaxTokens = parse.GetValue(_maxTokens),
            Temperature = parse.GetValue(_temperature),
            TopP = parse.GetValue(_topP),
            TopK = parse.GetValue(_topK),
            MinP = parse.GetValue(_minP),
            Seed = parse.GetValue(_seed),
            Stop = Given(parse.GetValue(_stop)),
        };
        return new JobRequest
        {
            Model = parse.GetRequiredValue(_model),
            Kind = parse.GetValue(_kind) ?? JobKind.Generate,
            Prompt = prompt == "-" ? await terminal.In.ReadToEndAsync(cancellationToken) : prompt,
            Choices = Given(parse.GetValue(_choices)),
            Normalization = parse.GetValue(_normalization),
            Parameters = parameters == new JobParameters() ? null : parameters,
            Priority = parse.GetValue(_priority),
            Deadline = Time(parse.GetValue(_deadline)),
            Ttl = parse.GetValue(_ttl),
            OnLate = parse.GetValue(_onLate),
            Cache = cache == new CacheRequest() ? null : cache,
            Conversation = parse.GetValue(_conversation),
            Metadata = Pairs(parse.GetValue(_metadata)),
        };
    }

    private static Option<T?> Choice<T>(string name, string description)
        where T : struct, Enum
    {
        Option<T?> option = new(name) { Description = description };
        return option.AcceptOnlyFromAmong([.. Enum.GetNames<T>().Select(n => n.ToLowerInvariant())]);
    }

    /// <summary>JSON has no other numbers.</summary>
    private static Option<double?> Finite(string name, string? description = null)
    {
        Option<double?> option = new(name) { Description = description };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is { } value && !double.IsFinite(value)) result.AddError($"{name}: expected a number, found {result.Tokens[0].Value}.");
        });
        return option;
    }

    private static Option<string[]> Many(string name, string description) => new(name) { Description = description, AllowMultipleArgumentsPerToken = false };

    private static string[]? Given(string[]? values) => values is { Length: > 0 } ? values : null;

    private static string? Lower<T>(T? value)
        where T : struct, Enum => value?.ToString().ToLowerInvariant();

    private static DateTimeOffset? Time(string? text) =>
        text is null ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time
        : throw CommandFailedException.Usage($"--deadline: expected a time such as 2026-01-31T18:00:00Z, found '{text}'.");

    private static Dictionary<string, string>? Pairs(string[]? texts)
    {
        if (Given(texts) is null) return null;
        Dictionary<string, string> pairs = [];
        foreach (string text in texts!)
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1) throw CommandFailedException.Usage($"--metadata: expected KEY=VALUE, found '{text}'.");
            if (!pairs.TryAdd(text[..equals], text[(equals + 1)..])) throw CommandFailedException.Usage($"--metadata: '{text[..equals]}' is given twice.");
        }
        return pairs;
    }
}
