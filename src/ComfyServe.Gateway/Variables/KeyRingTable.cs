using System.Xml.Linq;
using ComfyServe.Gateway.Storage;
using Dapper;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace ComfyServe.Gateway.Variables;

/// <summary>Keeps the keys of data protection in the database that several gateways share.</summary>
internal sealed class KeyRingTable(GatewayDatabase database) : IXmlRepository
{
    /// <inheritdoc/>
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var connection = database.Open();
        return [.. connection.Query<string>("SELECT element FROM gateway_protection_keys ORDER BY name").Select(static e => XElement.Parse(e))];
    }

    /// <inheritdoc/>
    public void StoreElement(XElement element, string friendlyName)
    {
        using var connection = database.Open();
        connection.Execute(
            "INSERT INTO gateway_protection_keys (name, element) VALUES (@friendlyName, @element) ON CONFLICT (name) DO UPDATE SET element = excluded.element",
            new { friendlyName, element = element.ToString(SaveOptions.DisableFormatting) });
    }
}
