"""The investors as the spreadsheet a fund would import."""

import csv
import io

from infra.local.fund.model import Fund


def contacts_csv(fund: Fund) -> str:
    """Return one row per address or domain of each investor, under a header line."""
    out = io.StringIO()
    sheet = csv.writer(out, lineterminator="\n")
    sheet.writerow(("investor", "firm", "address", "domain"))
    for investor in fund.investors:
        sheet.writerows((investor.name, investor.firm, address, "") for address in investor.addresses)
        sheet.writerows((investor.name, investor.firm, "", domain) for domain in investor.domains)
    return out.getvalue()
