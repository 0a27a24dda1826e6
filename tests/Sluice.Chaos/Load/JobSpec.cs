using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Sluice.Chaos.Children;
using Sluice.Engine;

namespace Sluice.Chaos.Load;

/// <summary>One job of the load: what is asked, how, and what must come of it.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Tenant">By the way it goes in.</param>
/// <param name="Key">Idempotency key.</param>
/// <param name="Prompt">Has a nonce of its own; repeated prompts share one.</param>
/// <param name="Bus">Sent over the broker, else over HTTP.</param>
/// <param name="Shared">Asks the exact cache: its prompt comes again.</param>
/// <param name="Ttl">Seconds to its deadline; null for none.</param>
/// <param name="Cancel">Cancelled right after it was accepted.</param>
/// <param name="Wait">Its caller waits for the end.</param>
/// <param name="Webhook">Names a webhook.</param>
internal sealed record JobSpec(int Index, string Tenant, string Key, string Prompt, bool Bus, bool Shared, int? Ttl, bool Cancel, bool Wait, bool Webhook)
{
    /// <summary>What the stub must answer, as <see cref="Answers.Hash"/>.</summary>
    public string? Expect { get; set; }

    public string Body(string? webhookUrl)
    {
        StringBuilder body = new();
        body.Append(CultureInfo.InvariantCulture, $$"""{"model":"stub","prompt":"{{Prompt}}","cache":{"mode":"{{(Shared ? "exact" : "off")}}"}""");
        if (Ttl is { } ttl)
        {
            body.Append(CultureInfo.InvariantCulture, $",\"ttl\":{ttl}");
        }
        if (Webhook && webhookUrl is not null)
        {
            body.Append(CultureInfo.InvariantCulture, $$""","webhook":{"url":"{{webhookUrl}}"}""");
        }
        return body.Append('}').ToString();
    }
}

/// <summary>Shares of the load, 0 to 1.</summary>
internal sealed record LoadMix
{
    public double Bus { get; init; } = 0.3;
    public double Shared { get; init; } = 0.1;
    public double Ttl { get; init; } = 0.03;
    public int TtlSeconds { get; init; } = 3;
    public double Cancel { get; init; } = 0.02;
    public double Wait { get; init; } = 0.05;
    public double Webhook { get; init; } = 0.1;

    /// <summary>Text in the prompts of the jobs that kill.</summary>
    public string? Killer { get; init; }
    public int Killers { get; init; }

    public JobSpec[] Make(int jobs, int seed)
    {
        Random random = new(seed);
        HashSet<int> killers = [];
        while (Killer is not null && killers.Count < Killers)
        {
            killers.Add(random.Next(jobs));
        }
        JobSpec[] specs = new JobSpec[jobs];
        for (int i = 0; i < jobs; i++)
        {
            bool bus = random.NextDouble() < Bus, shared = random.NextDouble() < Shared, kills = killers.Contains(i);
            string nonce = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed} {(shared && !kills ? $"shared {random.Next(Math.Max(1, jobs / 50))}" : i)}")))[..16];
            specs[i] = new JobSpec(
                i, bus ? Fleet.BusTenant : Fleet.ApiTenant, $"c{seed}-{i}", kills ? $"{Killer} {nonce}" : $"Chaos {nonce}", bus, shared && !kills,
                !kills && random.NextDouble() < Ttl ? TtlSeconds : null, !bus && !kills && random.NextDouble() < Cancel, !bus && random.NextDouble() < Wait, !bus && random.NextDouble() < Webhook);
        }
        return specs;
    }
}

/// <summary>The right answers, from an engine that nothing happens to.</summary>
internal static class Answers
{
    public static async Task FillAsync(IReadOnlyList<JobSpec> specs)
    {
        await using StubEngine engine = new(new StubOptions { BatchTime = TimeSpan.Zero, MaxSequences = 1024, MaxStepTokens = 65_536, ContextLength = 32_768 });
        EngineResult[] results = await Task.WhenAll(specs.Select(spec => engine.RunAsync(Request(spec.Prompt), CancellationToken.None)));
        for (int i = 0; i < specs.Count; i++)
        {
            specs[i].Expect = Hash(results[i].Text);
        }
    }

    public static string Hash(string? text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text ?? "")));

    // as --engine stub encodes: 0 begins, then a byte and one
    private static EngineRequest Request(string prompt) =>
        new() { Scope = default, Kind = SequenceKind.Generate, Prompt = [0, .. Encoding.UTF8.GetBytes(prompt).Select(b => b + 1)] };
}
