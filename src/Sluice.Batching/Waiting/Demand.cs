namespace Sluice.Batching.Waiting;

/// <summary>
/// The work that waits, by when it is due; that with a deadline to make also by density (value per second of engine work). Tells what of the latter to give up when
/// not all of it can be done in time: up to the deadline where the sum first exceeds the time there is, the least dense goes, and so on from deadline to deadline.
/// Times are UTC ticks.
/// </summary>
internal sealed class Demand
{
    private const int Slots = 512; // by due time, in a ring
    private const int Classes = 128; // by density
    private const int PerOctave = 6;
    private const double LowestOctave = 4;
    private static readonly long _slot = TimeSpan.FromSeconds(15).Ticks;
    private readonly double[]?[] _work = new double[Slots][]; // seconds, (classes) each: made for the slots that work is due in
    private readonly double[] _bySlot = new double[Slots];
    private readonly double[] _lesser = new double[Slots]; // seconds of standard and bulk jobs, with a deadline and without
    private readonly double[] _levels = new double[Slots]; // below this class (with its fraction), work of the slot is given up
    private readonly double[] _sums = new double[Classes];
    private long _base; // number of the slot that the ring begins with

    /// <summary>The slot of a due time for now: what lies behind the ring's end is in its last slot, and belongs elsewhere when time has passed.</summary>
    public long SlotOf(long due) => Math.Clamp(due / _slot, _base, _base + Slots - 1);

    /// <summary>Where work of that slot is by now.</summary>
    public long Moved(long slot) => Math.Max(slot, _base);

    /// <summary>Adds work of a standard or bulk job, in seconds; less than zero takes away what was added to that slot.</summary>
    public void AddLesser(long slot, double work)
    {
        int ring = RingOf(slot);
        _lesser[ring] = Math.Max(0, _lesser[ring] + work);
    }

    /// <summary>Adds work that has a deadline, in seconds; less than zero takes away what was added to that slot.</summary>
    public void Add(long slot, double density, double work)
    {
        int ring = RingOf(slot), at = ClassOf(density);
        double[] classes = ClassesOf(ring);
        double changed = Math.Max(0, classes[at] + work);
        _bySlot[ring] = Math.Max(0, _bySlot[ring] + changed - classes[at]);
        classes[at] = changed;
    }

    /// <summary>There was more to do than could be done in time when last weighed.</summary>
    public bool Exceeds { get; private set; }

    /// <summary>True where such a job is to give way. <paramref name="number"/> spreads the jobs of one class of density of which only some must.</summary>
    public bool GivesUp(long deadline, double density, long number)
    {
        double level = _levels[RingOf(SlotOf(deadline))];
        if (level == 0) return false;
        double spread = (ulong)(number * unchecked((long)0x9E3779B97F4A7C15)) / (double)ulong.MaxValue;
        return ClassOf(density) + spread < level;
    }

    /// <summary>Work of standard and bulk jobs that is due by then, in seconds.</summary>
    public double LesserUpTo(long due)
    {
        double sum = 0;
        for (long slot = _base, last = SlotOf(due); slot <= last; slot++) sum += _lesser[RingOf(slot)];
        return sum;
    }

    /// <summary>Weighs again, for an engine that does <paramref name="rate"/> seconds of this work a second.</summary>
    public void Weigh(long now, double rate)
    {
        long first = now / _slot;
        Array.Clear(_sums);
        double total = 0, cut = 0;
        Exceeds = false;
        Advance(now);
        for (int i = 0; i < Slots; i++)
        {
            int slot = (int)((first + i) % Slots);
            if (_bySlot[slot] > 1e-9)
            {
                double[] classes = ClassesOf(slot);
                for (int c = 0; c < Classes; c++) _sums[c] += classes[c];
                total += _bySlot[slot];
            }
            double room = Math.Max(0, ((first + i + 1) * _slot - now) / (double)TimeSpan.TicksPerSecond) * rate;
            cut = 0;
            for (int c = 0; c < Classes && total > room; c++)
            {
                if (_sums[c] <= 0) continue;
                double drop = Math.Min(_sums[c], total - room);
                cut = c + drop / _sums[c];
                _sums[c] -= drop;
                total -= drop;
            }
            _levels[slot] = cut;
            Exceeds |= cut > 0;
        }
        // a class given up at one deadline is given up at all before it
        for (int i = Slots - 2; i >= 0; i--)
        {
            int slot = (int)((first + i) % Slots), next = (int)((first + i + 1) % Slots);
            _levels[slot] = Math.Max(_levels[slot], _levels[next]);
        }
    }

    /// <summary>Lets the ring begin now; before anything is added.</summary>
    public void Advance(long now)
    {
        long first = now / _slot;
        if (_base == 0) _base = first;
        // what has no future belongs to the slot of now; after a ring's length of silence all of it does
        if (_base < first - Slots) _base = first - Slots;
        for (; _base < first; _base++) Move((int)(_base % Slots), (int)((_base + 1) % Slots));
    }

    private void Move(int from, int to)
    {
        _levels[from] = 0; // it is the last slot from now on, not weighed yet
        _lesser[to] += _lesser[from];
        _lesser[from] = 0;
        if (_bySlot[from] == 0) return;
        double[] gone = ClassesOf(from), classes = ClassesOf(to);
        for (int c = 0; c < Classes; c++) classes[c] += gone[c];
        Array.Clear(gone);
        _bySlot[to] += _bySlot[from];
        _bySlot[from] = 0;
    }

    private double[] ClassesOf(int ring) => _work[ring] ??= new double[Classes];

    private int RingOf(long slot) => (int)(Moved(slot) % Slots);

    private static int ClassOf(double density) => Math.Clamp((int)((Math.Log2(Math.Max(density, 1)) - LowestOctave) * PerOctave), 0, Classes - 1);
}
