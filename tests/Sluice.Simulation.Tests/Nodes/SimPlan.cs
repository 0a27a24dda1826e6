using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service.Models;
using Sluice.Simulation.Tests.Clockwork;

namespace Sluice.Simulation.Tests.Nodes;

/// <summary>What a prompt does to the engine that runs it.</summary>
internal enum Mischief
{
    None,

    /// <summary>Ends the process.</summary>
    Kills,

    /// <summary>Fails its sequence every time.</summary>
    Throws,

    /// <summary>Fails its sequence now and then.</summary>
    Stumbles,

    /// <summary>Fails the step, with all that is in it, now and then.</summary>
    FailsStep,

    /// <summary>Never ends.</summary>
    Hangs,
}

/// <summary>A job that somebody will ask for, and all that becomes of it on the caller's side.</summary>
internal sealed class PlannedJob
{
    public required int Number { get; init; }
    public required TimeSpan At { get; init; }
    public required string Tenant { get; init; }
    public required JobRequest Request { get; init; }
    public required Mischief Mischief { get; init; }
    public string? Key { get; init; }
    public bool OverBus { get; init; }
    public TimeSpan? CancelAfter { get; init; }
    public bool RetryWhenEnded { get; init; }

    /// <summary>The answer that any engine must give.</summary>
    public required string Answer { get; init; }

    /// <summary>The service said that it has it.</summary>
    public bool IsAccepted { get; set; }

    /// <summary>What it is called, once known.</summary>
    public JobId? Id { get; set; }

    /// <summary>The service said that it is cancelled.</summary>
    public bool IsCancelled { get; set; }

    /// <summary>The broker that had promised to keep it was wiped.</summary>
    public bool IsExcused { get; set; }
}

/// <summary>One seed's jobs.</summary>
internal static class SimPlan
{
    public static readonly string[] Tenants = ["acme", "rival"];

    private static readonly EngineInfo s_info = new(StubModel.Name, "0", "stub", StubModel.ContextLength, 8, 1, 1, 16, 1);
    private static readonly ServedModel s_model = StubModel.Create();

    public static List<PlannedJob> Draw(SimRandom random)
    {
        int jobs = random.Between(4, 40);
        double span = random.Pick([0.1, 5.0, 40.0]);
        double mischief = random.Pick([0, 0, 0.05, 0.15]);
        double twins = random.Pick([0, 0.3, 0.8]);
        double cancels = random.Pick([0, 0.1, 0.4]);
        double deadlines = random.Pick([0, 0.2, 0.6]);
        double bus = random.Pick([0, 0.3]);
        List<PlannedJob> plan = [];
        int killers = 0;
        for (int i = 0; i < jobs; i++)
        {
            Mischief does = random.Chance(mischief) ? (Mischief)random.Between(1, 5) : Mischief.None;
            if (does is Mischief.Kills or Mischief.Hangs && ++killers > 2)
            {
                does = Mischief.None;
            }
            bool twin = random.Chance(twins);
            // the first letter says what it does; twins share a text
            string text = twin ? $"the same question {random.Below(3)}" : $"question {i} of seed {random.Bits() % 1_000_000}";
            string prompt = $"{"-!#~%@"[(int)does]} {text} {new string('x', random.Pick([0, 10, 200]))}";
            bool ttl = random.Chance(deadlines);
            JobRequest request = new()
            {
                Model = StubModel.Name,
                Prompt = prompt,
                Priority = (JobClass)random.Below(3),
                Parameters = new JobParameters { MaxTokens = random.Pick([1, 4, 16]) },
                Cache = new CacheRequest { Mode = twin ? CacheMode.Exact : random.Chance(0.1) ? CacheMode.Semantic : CacheMode.Off },
                Ttl = ttl ? random.Pick([3, 20, 60, 400]) : null,
                OnLate = ttl && random.Chance(0.3) ? OnLate.Run : null,
            };
            bool overBus = random.Chance(bus);
            plan.Add(new PlannedJob
            {
                Number = i,
                At = TimeSpan.FromSeconds(span * random.Unit()),
                Tenant = overBus ? Tenants[0] : random.Pick(Tenants),
                Request = request,
                Mischief = does,
                Key = overBus || random.Chance(0.8) ? $"key-{i}" : null,
                OverBus = overBus,
                CancelAfter = random.Chance(cancels) ? random.Time(0, 20_000) : null,
                RetryWhenEnded = random.Chance(0.05),
                Answer = AnswerTo(prompt),
            });
        }
        return plan;
    }

    /// <summary>A job without anything to it but what it does.</summary>
    public static PlannedJob Plain(int number, Mischief does, TimeSpan at = default)
    {
        string prompt = $"{"-!#~%@"[(int)does]} plain question {number}";
        return new PlannedJob
        {
            Number = number,
            At = at,
            Tenant = Tenants[0],
            Request = new JobRequest { Model = StubModel.Name, Prompt = prompt, Cache = new CacheRequest { Mode = CacheMode.Off } },
            Mischief = does,
            Key = $"plain-{number}",
            Answer = AnswerTo(prompt),
        };
    }

    public static Mischief MischiefOf(EngineRequest request) => (Mischief)"-!#~%@".IndexOf((char)(request.Prompt[1] - 1), StringComparison.Ordinal);

    private static string AnswerTo(string prompt) =>
        StubAnswers.To(new EngineRequest { Scope = default, Kind = SequenceKind.Generate, Prompt = s_model.EncodePrompt(prompt), MaxTokens = 1 }, s_info).Text;
}
