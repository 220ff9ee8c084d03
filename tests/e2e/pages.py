"""What tests do in pages that Playwright cannot do there."""

from playwright.sync_api import Page

PATIENCE = 30_000  # milliseconds


def until(page: Page, condition: str) -> None:
    """Wait until a condition, in JavaScript, holds in the page.

    Playwright's own wait_for_function evaluates it as a string from within the page, which our content security policy refuses as
    soon as the first look was too early.
    """
    page.evaluate(
        f"""() => new Promise((held, failed) => {{
            const late = performance.now() + {PATIENCE};
            const look = () => {{
                if ({condition}) held();
                else if (performance.now() > late) failed(new Error("it never came to be"));
                else setTimeout(look, 20);
            }};
            look();
        }})"""
    )
