namespace Sluice.Engine.Tests.Cache;

/// <summary>
/// What the pool and the tree should hold, as tables: under which page each prefix is kept, when it was last used, which conversations want it, and what
/// every slot of every page was last written with. A prefix is up to four pages, each of two halves of one of two tokens: 4 digits a page.
/// </summary>
internal sealed class PlainCache
{
    public const int Depth = 4, PageTokens = 16, Scopes = 2;
    private const int PerScope = 1 << ((2 * Depth) + 1);

    private readonly int _pages;
    private readonly int[] _page = new int[Scopes * PerScope]; // by key; -1 where not kept
    private readonly long[] _used = new long[Scopes * PerScope];
    private readonly int[] _pins = new int[Scopes * PerScope];
    private readonly List<(int Scope, int Name, int Key)> _conversations = []; // least recently used first
    private readonly (int Key, int Token)[] _slots; // (pages x 16) prefix before the page, and the token
    private long _clock;

    public PlainCache(int pages)
    {
        _pages = pages;
        _slots = new (int, int)[pages * PageTokens];
        Array.Fill(_page, -1);
    }

    public int Kept => _page.Count(page => page >= 0);

    public int Pinned => _pins.Count(pins => pins > 0);

    public long Evictions { get; private set; }

    /// <summary>Key of the first pages of a text: 1 and two bits a page, then the scope.</summary>
    public static int Key(int scope, int[] digits, int pages)
    {
        int code = 1;
        for (int i = 0; i < pages; i++)
            code = (code << 2) | digits[i];
        return (scope * PerScope) + code;
    }

    public static int Token(int digit, int slot) => slot < PageTokens / 2 ? digit & 1 : digit >> 1;

    /// <summary>The page that a prefix is kept in, or -1.</summary>
    public int PageOf(int key) => _page[key];

    public IEnumerable<int> KeptPages => _page.Where(page => page >= 0);

    public IEnumerable<int> PinnedPages => Enumerable.Range(0, _page.Length).Where(key => _pins[key] > 0).Select(key => _page[key]);

    public void Keep(int key, int page) => _page[key] = page;

    public void Touch(int scope, int[] digits, int pages)
    {
        _clock++;
        for (int i = 1; i <= pages; i++)
            _used[Key(scope, digits, i)] = _clock;
    }

    /// <summary>Takes what a lease wants out of the tables: the least recently used leaf that nobody holds, conversations last.</summary>
    public void Evict(int count, Func<int, bool> held)
    {
        for (; count > 0; count--, Evictions++)
        {
            int leaf;
            while ((leaf = OldestLeaf(held)) < 0)
                Forget(0);
            _page[leaf] = -1;
        }
    }

    public void Converse(int scope, int name, int[] digits, int pages)
    {
        pages = Math.Min(pages, _pages / 2);
        int key = Key(scope, digits, pages);
        Pin(key, 1);
        int former = _conversations.FindIndex(c => c.Scope == scope && c.Name == name);
        if (former >= 0)
            Forget(former);
        if (pages == 0)
            return;
        _conversations.Add((scope, name, key));
        while (Pinned > _pages / 2)
            Forget(0);
    }

    public void Write(int page, int slot, int key, int token) => _slots[(page * PageTokens) + slot] = (key, token);

    public void Copy(int from, int to, int slots) => Array.Copy(_slots, from * PageTokens, _slots, to * PageTokens, slots);

    public bool Holds(int page, int slot, int key, int token) => _slots[(page * PageTokens) + slot] == (key, token);

    private int OldestLeaf(Func<int, bool> held)
    {
        int oldest = -1;
        for (int key = 0; key < _page.Length; key++)
        {
            if (_page[key] >= 0 && _pins[key] == 0 && !held(_page[key]) && !HasChild(key) && (oldest < 0 || _used[key] < _used[oldest]))
                oldest = key;
        }

        return oldest;
    }

    private bool HasChild(int key)
    {
        int code = key % PerScope;
        if (code >= PerScope >> 2)
            return false;
        int first = key - code + (code << 2);
        return _page[first] >= 0 || _page[first + 1] >= 0 || _page[first + 2] >= 0 || _page[first + 3] >= 0;
    }

    private void Forget(int index)
    {
        Pin(_conversations[index].Key, -1);
        _conversations.RemoveAt(index);
    }

    private void Pin(int key, int by)
    {
        int scope = key - (key % PerScope);
        for (int code = key % PerScope; code > 1; code >>= 2)
            _pins[scope + code] += by;
    }
}
