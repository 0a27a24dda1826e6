namespace Sluice.Store.Schema;

/// <summary>The migration that this program needs at least; later ones may be there (expand, then contract).</summary>
internal static class SchemaVersion
{
    public const string Latest = "20261201000001_WebhookLanes";
}
