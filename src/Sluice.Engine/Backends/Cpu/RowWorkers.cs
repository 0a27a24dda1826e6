using System.Runtime.CompilerServices;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>
/// Threads that live as long as the model and do one operation together; worker w always has share w, so that its weights stay in its caches.
/// Between operations they spin for some tens of microseconds and then sleep. One thread calls <see cref="Run"/>, and is worker 0.
/// </summary>
internal sealed unsafe class RowWorkers : IDisposable
{
    private const int Spins = 2000; // of about 20 ns each

    private readonly Thread[] _threads;
    private readonly object _gate = new();
    private delegate*<void*, int, int, void> _body;
    private void* _work;
    private int _generation;
    private int _running; // workers that have not finished this generation
    private int _sleeping; // workers asleep, or about to be
    private bool _callerSleeps;
    private bool _stop;

    public RowWorkers(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        Count = count;
        _threads = new Thread[count - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _threads[i] = new Thread(() => Loop(worker)) { IsBackground = true, Name = $"sluice-row-{worker}" };
            _threads[i].Start();
        }
    }

    public int Count { get; }

    /// <summary>All shares of the work; returns when the last is done.</summary>
    public void Run<TWork>(TWork work)
        where TWork : struct, IWork
    {
        if (_threads.Length == 0)
        {
            work.Run(0, 1);
            return;
        }

        _body = &Invoke<TWork>;
        _work = Unsafe.AsPointer(ref work); // on this frame until all are done; the collector updates what it refers to in place
        Volatile.Write(ref _running, _threads.Length);
        Interlocked.Increment(ref _generation);
        if (Volatile.Read(ref _sleeping) > 0)
        {
            lock (_gate)
                Monitor.PulseAll(_gate);
        }

        work.Run(0, Count);
        WaitForWorkers();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            Volatile.Write(ref _stop, true);
            Monitor.PulseAll(_gate);
        }

        foreach (Thread thread in _threads)
            thread.Join();
    }

    private static void Invoke<TWork>(void* work, int worker, int workers)
        where TWork : struct, IWork => Unsafe.AsRef<TWork>(work).Run(worker, workers);

    private void Loop(int worker)
    {
        int seen = 0;
        while (true)
        {
            for (int spin = 0; spin < Spins && Volatile.Read(ref _generation) == seen; spin++)
                Thread.SpinWait(1);
            if (Volatile.Read(ref _generation) == seen)
                Sleep(seen);
            if (Volatile.Read(ref _stop))
                return;
            seen++;
            _body(_work, worker, Count);
            if (Interlocked.Decrement(ref _running) == 0 && Volatile.Read(ref _callerSleeps))
            {
                lock (_gate)
                    Monitor.PulseAll(_gate);
            }
        }
    }

    // The counter is raised before the generation is looked at again, and the caller looks at the counter after raising the generation: one of them sees the other.
    private void Sleep(int seen)
    {
        lock (_gate)
        {
            Interlocked.Increment(ref _sleeping);
            while (Volatile.Read(ref _generation) == seen && !Volatile.Read(ref _stop))
                Monitor.Wait(_gate);
            Interlocked.Decrement(ref _sleeping);
        }
    }

    private void WaitForWorkers()
    {
        for (int spin = 0; spin < Spins && Volatile.Read(ref _running) > 0; spin++)
            Thread.SpinWait(1);
        if (Volatile.Read(ref _running) == 0)
            return;
        lock (_gate)
        {
            Volatile.Write(ref _callerSleeps, true);
            Interlocked.MemoryBarrier();
            while (Volatile.Read(ref _running) > 0)
                Monitor.Wait(_gate);
            Volatile.Write(ref _callerSleeps, false);
        }
    }
}
