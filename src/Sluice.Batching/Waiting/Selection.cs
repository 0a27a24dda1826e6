using Sluice.Jobs;

namespace Sluice.Batching.Waiting;

/// <summary>A batch in the making: what was picked, and what room that leaves.</summary>
internal sealed class Selection(EngineRoom room)
{
    private const int EnoughLeftOut = 256;
    private readonly HashSet<Entry> _settled = [];
    private readonly int _half = Math.Max(1, room.MaxStepTokens / 2);
    private readonly int _yieldedSequences = (room.InteractiveSequences ?? room.FreeSequences) - room.FreeSequences;
    private readonly int _yieldedPages = (room.InteractivePages ?? room.FreePages) - room.FreePages;
    private readonly int _yieldedTokens = (room.InteractiveStepTokens ?? room.FreeStepTokens) - room.FreeStepTokens;
    private int _sequences = room.FreeSequences;
    private int _pages = room.FreePages;
    private int _tokens = room.FreeStepTokens;
    private Entry? _firstLeftOut;
    private int _leftOut;
    private int _suspicions;

    /// <summary>In the order of picking, with the tokens of their prompts that are thought to be in pages already.</summary>
    public List<(Entry Entry, int Cached)> Picked { get; } = [];

    /// <summary>Jobs that can never fit.</summary>
    public List<Entry> Impossible { get; } = [];

    public bool Has(Entry entry) => _settled.Contains(entry);

    /// <summary>Jobs picked or impossible.</summary>
    public int Settled => _settled.Count;

    /// <summary>Nothing more can be picked.</summary>
    public bool Exhausted => _sequences <= 0 || _pages <= 0 || _tokens <= 0;

    /// <summary>Nothing more can be picked, interactive jobs included.</summary>
    public bool WhollyExhausted => _sequences + _yieldedSequences <= 0 || _pages + _yieldedPages <= 0 || _tokens + _yieldedTokens <= 0;

    /// <summary>A job was left out only because of those picked before it.</summary>
    public bool Crowded { get; private set; }

    public int PromptTokens { get; private set; }
    public int StepTokens { get; private set; }

    /// <summary>Of <see cref="StepTokens"/>, those of interactive jobs.</summary>
    public int InteractiveStepTokens { get; private set; }

    public int Pages { get; private set; }

    /// <summary>
    /// Picks the job if it fits. Returns false when nothing after it may be picked: the room is used up, too many were left out, or the first in order that was left
    /// out holds the room. Rows of the coming step go to interactive jobs first, whoever else has prompts to compute; with <paramref name="takesBack"/> it may
    /// also have places and pages that the engine takes back from others.
    /// </summary>
    /// <param name="cached">Tokens of its prompt that need no computing.</param>
    /// <param name="holds">Says whether the job holds the room; null for one that is offered before its turn, which never does.</param>
    public bool Offer(Entry entry, int cached, Func<Entry, bool>? holds, bool takesBack = false)
    {
        int pages = entry.Job.Pages(room.PageTokens);
        if (_settled.Contains(entry)) return true;
        if (pages > room.TotalPages)
        {
            _settled.Add(entry);
            Impossible.Add(entry);
            return true;
        }
        int most = Math.Min(entry.Job.PromptTokens - cached, _half);
        bool interactive = entry.Job.Class == JobClass.Interactive;
        int tokens = Math.Min(most, _tokens + (interactive ? _yieldedTokens : 0));
        if (_sequences + (takesBack ? _yieldedSequences : 0) >= 1 && _pages + (takesBack ? _yieldedPages : 0) >= pages && tokens > 0)
        {
            Take(entry, cached, pages, tokens);
            return !(interactive ? WhollyExhausted : Exhausted);
        }
        Crowded |= room.FreeSequences >= 1 && room.FreePages >= pages && room.FreeStepTokens > 0;
        if (holds is not null)
        {
            _firstLeftOut ??= entry;
            if (ReferenceEquals(_firstLeftOut, entry) && holds(entry)) return false;
        }
        return LeaveOut();
    }

    /// <summary>Counts a job that is not picked now; false when nothing after it may be, because too many were left out.</summary>
    public bool LeaveOut() => ++_leftOut < EnoughLeftOut;

    /// <summary>As <see cref="Offer"/>, for suspects: at most MaxSequences halved once per suspicion of the most suspected among them.</summary>
    public bool OfferSuspect(Entry entry, int cached, Func<Entry, bool> holds)
    {
        int suspicions = Math.Max(_suspicions, entry.Job.Suspicions);
        int limit = Math.Max(1, room.MaxSequences >> Math.Min(suspicions, 30));
        if (Picked.Count >= limit)
        {
            Crowded = true;
            return false;
        }
        int before = Picked.Count;
        bool more = Offer(entry, cached, holds);
        if (Picked.Count > before) _suspicions = suspicions;
        return more;
    }

    private void Take(Entry entry, int cached, int pages, int tokens)
    {
        Picked.Add((entry, cached));
        _settled.Add(entry);
        _sequences--;
        _pages -= pages;
        _tokens -= tokens;
        Pages += pages;
        StepTokens += tokens;
        if (entry.Job.Class == JobClass.Interactive) InteractiveStepTokens += tokens;
        PromptTokens += entry.Job.PromptTokens;
    }
}
