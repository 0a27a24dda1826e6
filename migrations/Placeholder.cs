namespace Sluice.Migrations;
internal static class Placeholder;
