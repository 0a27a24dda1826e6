using Sluice.Store;
using Sluice.Store.Memory;
using Sluice.Tests.Store;

namespace Sluice.Tests.Cache;

public sealed class MemorySemanticCacheTests : SemanticCacheContract
{
    public MemorySemanticCacheTests()
        : this(new MemoryHost())
    {
    }

    private MemorySemanticCacheTests(MemoryHost host)
        : base(host) => Cache = new MemorySemanticCache((MemoryJobStore)host.Jobs);

    protected override ISemanticCache Cache { get; }
}
