using System.Data.Common;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure;
using Npgsql.TypeMapping;

namespace Sluice.Store.Vectors;

/// <summary>EF's side of the vector column: float[] compared by value and taken as immutable.</summary>
internal sealed class VectorTypeMapping : RelationalTypeMapping
{
    private static readonly ValueComparer<float[]> s_byValue = new(
        (a, b) => Same(a, b),
        v => v.Length == 0 ? 0 : HashCode.Combine(v.Length, v[0], v[v.Length - 1]),
        v => v);

    public VectorTypeMapping(int? size)
        : this(new RelationalTypeMappingParameters(
            new CoreTypeMappingParameters(typeof(float[]), comparer: s_byValue, keyComparer: s_byValue), "vector", StoreTypePostfix.Size, size: size))
    {
    }

    private VectorTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters) => new VectorTypeMapping(parameters);

    protected override void ConfigureParameter(DbParameter parameter) => ((NpgsqlParameter)parameter).DataTypeName = "vector";

    protected override string GenerateNonNullSqlLiteral(object value) =>
        "'[" + string.Join(',', ((float[])value).Select(f => f.ToString("R", CultureInfo.InvariantCulture))) + "]'::vector";

    private static bool Same(float[]? a, float[]? b) => a == b || (a is not null && b is not null && a.AsSpan().SequenceEqual(b));
}

internal sealed class VectorTypeMappingPlugin : IRelationalTypeMappingSourcePlugin
{
    public RelationalTypeMapping? FindMapping(in RelationalTypeMappingInfo mappingInfo) =>
        mappingInfo.StoreTypeNameBase == "vector" && (mappingInfo.ClrType is null || mappingInfo.ClrType == typeof(float[])) ? new VectorTypeMapping(mappingInfo.Size) : null;
}

internal sealed class VectorOptionsExtension : IDbContextOptionsExtension
{
    public DbContextOptionsExtensionInfo Info => field ??= new ExtensionInfo(this);

    public void ApplyServices(IServiceCollection services) => new EntityFrameworkRelationalServicesBuilder(services)
        .TryAdd<IRelationalTypeMappingSourcePlugin, VectorTypeMappingPlugin>();

    public void Validate(IDbContextOptions options)
    {
    }

    private sealed class ExtensionInfo(IDbContextOptionsExtension extension) : DbContextOptionsExtensionInfo(extension)
    {
        public override bool IsDatabaseProvider => false;
        public override string LogFragment => "using vector ";

        public override int GetServiceProviderHashCode() => 0;

        public override bool ShouldUseSameServiceProvider(DbContextOptionsExtensionInfo other) => other is ExtensionInfo;

        public override void PopulateDebugInfo(IDictionary<string, string> debugInfo) => debugInfo["Vector"] = "1";
    }
}

/// <summary>Switches the mapping on.</summary>
internal static class VectorMapping
{
    public static INpgsqlTypeMapper UseVector(this INpgsqlTypeMapper mapper)
    {
        mapper.AddTypeInfoResolverFactory(new VectorResolverFactory());
        return mapper;
    }

    public static NpgsqlDbContextOptionsBuilder UseVector(this NpgsqlDbContextOptionsBuilder npgsql)
    {
        DbContextOptionsBuilder core = ((IRelationalDbContextOptionsBuilderInfrastructure)npgsql).OptionsBuilder;
        ((IDbContextOptionsBuilderInfrastructure)core).AddOrUpdateExtension(new VectorOptionsExtension());
        return npgsql;
    }
}
