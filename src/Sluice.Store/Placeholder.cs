namespace Sluice.Store;
internal static class Placeholder;
